//! What the database says when it refuses what was staged.

use annals::{AppendError, Conflict, ExpectedVersion, StreamId, Version};
use serde_json::Value;
use sqlx::postgres::PgDatabaseError;

use crate::row::unsigned;

/// The codes of the function `place`, in `migrations/0002_staged.sql`.
const CONFLICT: &str = "AN010";
const DIVERGED: &str = "AN011";
const KEY_REUSED: &str = "AN012";
const DEADLINE: &str = "AN013";
const REPEATED: &str = "AN014";

/// The refusal that the error is, if it is one.
pub(super) fn of(error: &sqlx::Error) -> Option<AppendError> {
    let error = database(error)?;
    let detail = || serde_json::from_str::<Value>(error.detail()?).ok();
    let stream = |detail: &Value| detail["stream"].as_str()?.parse::<StreamId>().ok();
    match error.code() {
        CONFLICT => {
            let detail = detail()?;
            let expected = expected(detail["expected"].as_i64()?);
            let actual = Version::new(detail["actual"].as_u64()?);
            Some(Conflict { stream: stream(&detail)?, expected, actual }.into())
        }
        DIVERGED => {
            let detail = detail()?;
            let version = Version::new(detail["actual"].as_u64()?);
            Some(AppendError::Diverged { stream: stream(&detail)?, version })
        }
        KEY_REUSED => Some(AppendError::KeyReused { stream: stream(&detail()?)? }),
        DEADLINE => Some(AppendError::DeadlineExceeded),
        _ => None,
    }
}

/// The first outcomes, if the error says that all was written before.
pub(super) fn repeated(error: &sqlx::Error) -> Option<String> {
    let error = database(error)?;
    (error.code() == REPEATED).then(|| error.detail().unwrap_or_default().to_owned())
}

fn database(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// As the column says it.
fn expected(number: i64) -> ExpectedVersion {
    match number {
        -1 => ExpectedVersion::Any,
        -2 => ExpectedVersion::Exists,
        0 => ExpectedVersion::NoStream,
        version => ExpectedVersion::Exactly(Version::new(unsigned(version))),
    }
}
