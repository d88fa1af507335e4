//! Whether somebody has to look.

use annals_projections::operations::Health;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{App, Problem};

/// Text for people; programs go by the status. What is impaired is served all the same.
pub(super) async fn health(State(app): State<App>) -> Response {
    match app.operations.status().await {
        Ok(status) => match status.health() {
            Health::Bad(reasons) => {
                tracing::warn!(?reasons, "the views are bad");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "bad-health", reasons.join("; "))
                    .into_response()
            }
            health => format!("{health}\n").into_response(),
        },
        Err(error) => Problem::failed(&error).into_response(),
    }
}
