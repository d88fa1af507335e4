//! The live page, and the events that move it. Nothing on it comes from elsewhere.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::StreamExt;

use super::{App, Problem};
use crate::board;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// Only this server's own script, style and answers.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", HTML)))
        .route("/page.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/page.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/live", get(live))
        .route("/counts", get(counts))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}

/// A whole board whenever something has changed: who was away for a while has missed
/// nothing.
async fn live(State(app): State<App>) -> Result<Response, Problem> {
    let boards = app.boards.listen();
    let boards = boards.ok_or_else(|| Problem::busy("crowded", "too many look at this page"))?;
    let events = boards.map(|board| Ok::<_, Infallible>(Event::default().data(board)));
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

/// How many orders stand where.
async fn counts(State(app): State<App>) -> Result<Response, Problem> {
    let counts = board::counts(&app.views).await.map_err(|error| Problem::failed(&error))?;
    Ok(Json(counts).into_response())
}
