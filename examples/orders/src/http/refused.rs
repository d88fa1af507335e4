//! What errors of the library and refusals of the domain mean to a client.

use std::error::Error;

use annals::ExecuteError;
use annals::read_model::ReachedError;
use annals_projections::QueryError;
use axum::http::StatusCode;

use super::Problem;
use crate::{order, stock};

/// A refusal that a client can understand.
pub(super) trait ToProblem: Error + 'static {
    /// What kind of refusal it is, by status.
    fn status(&self) -> StatusCode;
}

impl ToProblem for order::Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotPlaced => StatusCode::NOT_FOUND,
            Self::Customer | Self::Lines | Self::Quantity | Self::Twice | Self::Cents => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::AlreadyPlaced
            | Self::NotConfirmed
            | Self::Shipped
            | Self::Cancelled
            | Self::Cancelling => StatusCode::CONFLICT,
        }
    }
}

impl ToProblem for stock::Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Quantity => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Released | Self::NotReserved | Self::Taken => StatusCode::CONFLICT,
        }
    }
}

/// By the decision that the client can take.
pub(super) fn of_execute<E: ToProblem>(error: ExecuteError<E>) -> Problem {
    match error {
        ExecuteError::Refused(refusal) => {
            Problem::new(refusal.status(), "refused", refusal.to_string())
        }
        ExecuteError::VersionMismatch(conflict) => {
            let detail = format!("it is at version {}: look at it again", conflict.actual);
            Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch", detail)
        }
        ExecuteError::KeyReused { .. } => {
            let detail = "the key was used for another command: a new one needs a new key";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", detail)
        }
        ExecuteError::Unknown(error) => {
            tracing::warn!(error = crate::with_sources(&error), "a command is in doubt");
            let detail = "nobody knows whether it was carried out: repeat it under the same key";
            Problem::busy("unknown", detail)
        }
        error if error.is_transient() => {
            Problem::busy("busy", "nothing was done: repeat it under the same key")
        }
        error => Problem::failed(&error),
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotReached(ReachedError::AnotherLog { .. }) => {
                Self::bad_request("bad-token", "the token is of another shop: leave it out")
            }
            QueryError::NotReached(ReachedError::TimedOut { .. }) => {
                Self::busy("behind", "the commit of the token cannot be seen yet: ask again")
            }
            QueryError::NotReached(ReachedError::Store(error)) | QueryError::Store(error)
                if error.is_transient() =>
            {
                Self::busy("busy", "the store does not answer: ask again")
            }
            error => Self::failed(&error),
        }
    }
}
