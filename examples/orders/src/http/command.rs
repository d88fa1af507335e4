//! Carries out a command that came in a request.

use annals::{Aggregate, Decide, Executed, ExpectedVersion, IdempotencyKey, Repository};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Problem;
use super::headers::{COMMIT_TOKEN, IfMatch, Key, etag};
use super::refused::{ToProblem, of_execute};
use crate::telemetry;

/// How a command is meant: once under its key, and on the version that was seen.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) key: String,
    pub(super) expected: ExpectedVersion,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Key(key) = Key::from_request_parts(parts, state).await?;
        let IfMatch(expected) = IfMatch::from_request_parts(parts, state).await?;
        Ok(Self { key, expected })
    }
}

impl Asked {
    /// Carries the command out; `name` tells it apart from others with the same fields.
    pub(super) async fn execute<A, C>(
        self,
        aggregates: &Repository<A>,
        id: &A::Id,
        name: &str,
        command: C,
    ) -> Result<Executed<A>, Problem>
    where
        A: Decide<C>,
        C: Serialize + Send,
        <A as Decide<C>>::Error: ToProblem,
    {
        let bad =
            |error: &dyn std::error::Error| Problem::bad_request("bad-key", error.to_string());
        let key = IdempotencyKey::new(self.key).map_err(|error| bad(&error))?;
        let key = key.for_command(name, &command).map_err(|error| bad(&error))?;
        let why = telemetry::metadata();
        let execution = aggregates.execute(id, command).idempotency_key(key).metadata(why);
        // A call that expects nothing is decided again after a conflict.
        let execution = match self.expected {
            ExpectedVersion::Any => execution,
            expected => execution.expected_version(expected),
        };
        execution.await.map_err(of_execute)
    }
}

/// The answer to a command that was carried out.
pub(super) fn done<A: Aggregate>(
    status: StatusCode,
    done: &Executed<A>,
    body: &impl Serialize,
) -> Response {
    let headers = [(ETAG, etag(done.version.get())), (COMMIT_TOKEN, done.token.to_string())];
    let repeated = done.repeated.then_some([("idempotency-replayed", "true")]);
    match repeated {
        Some(repeated) => (status, headers, repeated, Json(body)).into_response(),
        None => (status, headers, Json(body)).into_response(),
    }
}
