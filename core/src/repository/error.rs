//! What can go wrong between a command and its outcome.

use crate::store::InvalidAppend;
use crate::{
    AppendError, Conflict, DecodeError, EncodeError, ExpectedVersion, InvalidStreamId, ReadError,
    StoreError, StreamId, Version,
};

/// Why an aggregate could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The id cannot name a stream.
    #[error(transparent)]
    InvalidId(#[from] InvalidStreamId),
    /// An event could not be decoded. If this code is older than the event, see
    /// [`Repository::skip_unknown_events`](crate::Repository::skip_unknown_events).
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The stream has not reached the version at which it should be loaded.
    #[error("stream `{stream}` is at version {actual}, it has not reached version {asked}")]
    VersionAhead {
        /// The stream.
        stream: StreamId,
        /// The version that was asked for.
        asked: Version,
        /// The version of the stream.
        actual: Version,
    },
    /// The deadline passed.
    #[error("the deadline passed while the aggregate was loaded")]
    DeadlineExceeded,
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl LoadError {
    /// Whether loading again may succeed: after a passed deadline, or a failure
    /// that may pass.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            LoadError::DeadlineExceeded => true,
            LoadError::Read(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Why a command has no outcome.
///
/// Except for [`Unknown`](ExecuteError::Unknown), nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E> {
    /// The aggregate refused the command.
    #[error(transparent)]
    Refused(E),
    /// Others kept writing to the stream through all retries. Try again.
    #[error(transparent)]
    Conflict(Conflict),
    /// The aggregate was not at the version that the call expected (see
    /// [`expected_version`](crate::Execution::expected_version)), as an HTTP
    /// `If-Match` fails. Let the user look at the new state and decide.
    #[error(transparent)]
    VersionMismatch(Conflict),
    /// The id cannot name a stream.
    #[error(transparent)]
    InvalidId(InvalidStreamId),
    /// The aggregate could not be loaded.
    #[error(transparent)]
    Load(LoadError),
    /// An event that was decided cannot be stored as it is.
    #[error(transparent)]
    Encode(EncodeError),
    /// The events that were decided are beyond a limit of the store.
    #[error(transparent)]
    Invalid(InvalidAppend),
    /// The idempotency key was used for another command on this aggregate. Use
    /// a new key for a new command.
    #[error(
        "the idempotency key was used for another command on stream `{stream}`: use a new key for \
         a new command"
    )]
    KeyReused {
        /// The aggregate's stream.
        stream: StreamId,
    },
    /// The deadline passed; nothing was written.
    #[error("the deadline passed before the command was carried out: nothing was written")]
    DeadlineExceeded,
    /// It is unknown whether the events were written, and appending them again
    /// did not bring an answer in time. Execute the command again under the
    /// same idempotency key; without one, load and look.
    #[error("it is unknown whether the command was carried out")]
    Unknown(#[source] StoreError),
    /// The store failed; nothing was written.
    #[error("the store failed, nothing was written")]
    Store(#[source] StoreError),
}

impl<E> ExecuteError<E> {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&E> {
        match self {
            ExecuteError::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same call may succeed when it is made again: after a
    /// conflict, a passed deadline, or a failure that may pass. `Unknown` is not
    /// among them, because only a call with an idempotency key may be repeated
    /// then.
    pub fn is_transient(&self) -> bool {
        match self {
            ExecuteError::Conflict(_) | ExecuteError::DeadlineExceeded => true,
            ExecuteError::Load(error) => error.is_transient(),
            ExecuteError::Store(error) => error.is_transient(),
            _ => false,
        }
    }

    /// A conflict of a call that expected something of the version: the call's
    /// own expectation failed, unless that allows any version.
    pub(super) fn unretried(conflict: Conflict, expected: ExpectedVersion) -> Self {
        if expected.holds(conflict.actual) {
            ExecuteError::Conflict(conflict)
        } else {
            ExecuteError::VersionMismatch(Conflict { expected, ..conflict })
        }
    }

    pub(super) fn from_append(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(conflict) => ExecuteError::Conflict(conflict),
            AppendError::Invalid(invalid) => ExecuteError::Invalid(invalid),
            AppendError::KeyReused { stream } => ExecuteError::KeyReused { stream },
            AppendError::DeadlineExceeded => ExecuteError::DeadlineExceeded,
            AppendError::Unknown(error) => ExecuteError::Unknown(error),
            AppendError::Store(error) => ExecuteError::Store(error),
            // Repositories do not import, and read again what has diverged, so a
            // store that says so here is broken.
            error @ (AppendError::ImportInterleaves { .. } | AppendError::Diverged { .. }) => {
                ExecuteError::Store(StoreError::permanent(error))
            }
        }
    }
}

impl<E> From<LoadError> for ExecuteError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::DeadlineExceeded => ExecuteError::DeadlineExceeded,
            LoadError::InvalidId(invalid) => ExecuteError::InvalidId(invalid),
            error => ExecuteError::Load(error),
        }
    }
}
