//! What every request goes through.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::Problem;
use super::problem::PROBLEM_JSON;

/// How long an answer may take; streams go on behind its beginning.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What a library says of a bad request is no longer.
const MOST_WORDS: usize = 1_000;

/// Ends what takes too long. A command that is given up has been carried out whole or
/// not at all, which a repeat under its key finds out.
pub(super) async fn limit(
    State(patience): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    let late = || {
        let detail = "it took too long: repeat it, a command under the same key";
        Problem::busy("timeout", detail).into_response()
    };
    timeout(patience, next.run(request)).await.unwrap_or_else(|_| late())
}

/// Says what the libraries refuse in the way in which everything is refused here.
pub(super) async fn as_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let told = response.headers().get(CONTENT_TYPE);
    if !(status.is_client_error() || status.is_server_error())
        || told.is_some_and(|told| told == PROBLEM_JSON)
    {
        return response;
    }
    let (parts, body) = response.into_parts();
    let words = to_bytes(body, MOST_WORDS).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let mut problem = Problem::new(status, "bad-request", words).into_response();
    // Such as `Allow`, of a method that is not allowed.
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name == "allow") {
        problem.headers_mut().insert(name, value.clone());
    }
    problem
}
