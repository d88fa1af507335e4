//! The headers that say what a client knows and wants.

use std::time::Duration;

use annals::{ExpectedVersion, Token, Version};
use annals_projections::{Query, View};
use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::Problem;

/// Answers of commands carry it, and questions take it back.
pub(crate) const COMMIT_TOKEN: HeaderName = HeaderName::from_static("commit-token");
/// Every command carries one.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How long a question waits for the commit of its token.
const WAIT: Duration = Duration::from_secs(3);

fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value.to_owned())),
        _ => Err(Problem::bad_request("bad-header", format!("`{name}` is given once, in ASCII"))),
    }
}

/// The `Idempotency-Key` of a command.
#[derive(Debug)]
pub(super) struct Key(pub(super) String);

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing = "a command needs an `Idempotency-Key`: any text that is used once, and \
                       again for each repeat";
        let key = text(&parts.headers, &IDEMPOTENCY_KEY)?;
        key.map(Self).ok_or_else(|| Problem::bad_request("key-missing", missing))
    }
}

/// The version on which a command is meant, by `If-Match`.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) ExpectedVersion);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tag) = text(&parts.headers, &IF_MATCH)? else {
            return Ok(Self(ExpectedVersion::Any));
        };
        if tag == "*" {
            return Ok(Self(ExpectedVersion::Exists));
        }
        let number = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        // A tag that was never given out matches nothing, as one that is out of date.
        let version = number.and_then(|number| number.parse().ok()).map(Version::new);
        let exactly = version.map(|version| Self(version.into()));
        exactly.ok_or_else(|| {
            let detail = "`If-Match` is `*` or one `ETag` of an answer";
            Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch", detail)
        })
    }
}

/// The `Commit-Token` of a question: it is answered when that commit can be seen.
#[derive(Debug)]
pub(super) struct Since(Option<Token>);

impl Since {
    pub(super) fn wait<V: View, T>(&self, query: Query<V, T>) -> Query<V, T> {
        match &self.0 {
            Some(token) => query.at_least(token).within(WAIT),
            None => query,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Since {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let token = text(&parts.headers, &COMMIT_TOKEN)?.map(|token| token.parse()).transpose();
        let token = token.map_err(|error: annals::InvalidToken| {
            Problem::bad_request("bad-token", error.to_string())
        });
        Ok(Self(token?))
    }
}

/// The version of what is shown, for `If-Match`.
pub(super) fn etag(version: u64) -> String {
    format!("\"{version}\"")
}
