//! The spans of requests that are served.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use tracing::field::Empty;

use super::continue_from;

/// A span for each request, within the trace that the client has begun.
pub(crate) async fn served(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let name = format!("{} {route}", request.method());
    let span = tracing::info_span!(
        "request",
        otel.name = name,
        otel.kind = "server",
        http.response.status_code = Empty
    );
    continue_from(&span, request.headers());
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}
