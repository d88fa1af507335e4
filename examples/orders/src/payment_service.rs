//! The payment service, as somebody else would run it: over HTTP, with books of its own,
//! and with all the ways in which such a service fails.
//!
//! - `POST /authorizations` and `POST /voids`, each with an `Idempotency-Key`
//! - `GET /payments` lists everything, for who compares books
//! - `GET` and `PUT /admin/behaviour` tell it how to fail

mod behaviour;
mod book;
mod client;
mod fault;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};

use crate::telemetry;
pub(crate) use behaviour::{Behaviour, Dice};
pub(crate) use book::{Answer, Asked, Book, Entry, Record};
pub(crate) use client::{PaymentClient, PaymentError};
use fault::Fault;

/// No request of this service is longer.
const MOST_BYTES: usize = 4 * 1024;

/// A clone is another handle to the same service.
#[derive(Debug, Clone, Default)]
struct Service(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    book: Book,
    behaviour: Behaviour,
    dice: Dice,
}

impl Service {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Whoever panicked left the book as it was before or behind an entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of a service that behaves so, with empty books. Its spans are part of the traces
/// of who calls.
pub(crate) fn routes(behaviour: Behaviour) -> Router {
    let desk = Desk { dice: Dice::new(behaviour.seed), behaviour, book: Book::default() };
    Router::new()
        .route("/authorizations", post(ask))
        .route("/voids", post(ask))
        .route("/payments", get(list))
        .route("/admin/behaviour", get(behaviour_now).put(behave))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn(telemetry::served))
        .with_state(Service(Arc::new(Mutex::new(desk))))
}

/// An authorization or a void. What is asked is told by the body; both fail alike.
async fn ask(
    State(service): State<Service>,
    headers: HeaderMap,
    Json(asked): Json<Asked>,
) -> Response {
    let Some(key) = headers.get("idempotency-key").and_then(|key| key.to_str().ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (fault, slow, answer) = {
        let mut desk = service.desk();
        let Desk { book, behaviour, dice } = &mut *desk;
        let fault = Fault::draw(behaviour, dice);
        let refuse = dice.says(behaviour.refuse);
        let answer = fault.is_done().then(|| book.ask(key, &asked, refuse));
        (fault, behaviour.slow(), answer)
    };
    tokio::time::sleep(slow).await;
    match (fault, answer) {
        (Fault::None, Some(answer)) => told(answer),
        (fault, _) => fault.happen().await,
    }
}

fn told(answer: Option<Answer>) -> Response {
    let Some(answer) = answer else {
        // The key was used for something else.
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let status = match answer {
        Answer::Authorized { .. } => StatusCode::CREATED,
        Answer::Voided => StatusCode::OK,
        Answer::Refused { .. } => StatusCode::PAYMENT_REQUIRED,
    };
    (status, Json(answer)).into_response()
}

async fn list(State(service): State<Service>) -> Json<Vec<Record>> {
    Json(service.desk().book.records())
}

async fn behaviour_now(State(service): State<Service>) -> Json<Behaviour> {
    Json(service.desk().behaviour.clone())
}

/// The dice begin anew, so that a run can be repeated.
async fn behave(
    State(service): State<Service>,
    Json(behaviour): Json<Behaviour>,
) -> Json<Behaviour> {
    let mut desk = service.desk();
    desk.dice = Dice::new(behaviour.seed);
    desk.behaviour = behaviour.clone();
    Json(behaviour)
}
