//! Errors as clients see them (RFC 9457).

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The media type of problems.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong with a request, and what the client can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// For programs: it stays the same when the words change.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    detail: String,
    /// Whether the same request may succeed soon.
    #[serde(skip)]
    again: bool,
}

impl Problem {
    /// A problem of a kind, such as `version-mismatch`.
    pub(crate) fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("tag:orders.example,2026:{kind}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
            again: false,
        }
    }

    pub(crate) fn bad_request(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// The same request may succeed soon; a command then carries the same key.
    pub(crate) fn busy(kind: &str, detail: impl Into<String>) -> Self {
        Self { again: true, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, detail) }
    }

    /// Only the log of the program says more: it is nothing that a client could mend.
    pub(crate) fn failed(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = crate::with_sources(error), "a request failed");
        let detail = "something is broken here; the operators can see what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail)
    }
}

fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, again) = (self.status, self.again);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if again {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
