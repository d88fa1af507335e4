//! The shop's REST interface.
//!
//! | request | answer |
//! |---|---|
//! | `POST /orders` | places an order |
//! | `POST /orders/{order}/cancellation` | the customer wants it no more |
//! | `GET /orders`, `GET /orders/{order}` | the newest orders, and one with its steps |
//! | `POST /stock/{sku}/receipts` | goods have come |
//! | `GET /stock`, `GET /stock/{sku}` | how many pieces there are |
//! | `GET /health` | whether somebody has to look |
//!
//! Each `POST` needs an `Idempotency-Key`; it may carry an `If-Match`, and its answer has
//! an `ETag` and a `Commit-Token`. A `GET` that carries the token sees the commit, at least.

mod command;
mod guard;
mod headers;
mod health;
mod orders;
mod page;
mod problem;
mod refused;
mod stock;
#[cfg(test)]
mod tests;

use annals_projections::{Operations, Views};
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

pub(crate) use orders::Listed;
pub(crate) use problem::Problem;
pub(crate) use stock::Level;

use crate::board::Boards;
use crate::shop::Shop;
use crate::telemetry;

/// No request is longer: an order of the most lines needs a tenth of it.
const MOST_BYTES: usize = 16 * 1024;

/// What handlers work with. A clone is another handle to the same things.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) shop: Shop,
    pub(crate) views: Views,
    pub(crate) operations: Operations,
    pub(crate) boards: Boards,
}

pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/orders", get(orders::list).post(orders::place))
        .route("/orders/{order}", get(orders::read))
        .route("/orders/{order}/cancellation", post(orders::request_cancellation))
        .route("/stock", get(stock::list))
        .route("/stock/{sku}", get(stock::read))
        .route("/stock/{sku}/receipts", post(stock::receive))
        .route("/health", get(health::health))
        .merge(page::routes())
        .fallback(async || Problem::not_found("there is nothing under this path"))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn_with_state(guard::PATIENCE, guard::limit))
        .layer(middleware::from_fn(guard::as_problem))
        .layer(middleware::from_fn(telemetry::served))
        .with_state(app)
}
