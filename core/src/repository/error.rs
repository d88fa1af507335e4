//! What can go wrong between a command and its outcome.

use crate::read_model::DocumentError;
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
    /// Two commands of one append are on the same aggregate. Make them one command.
    #[error("two commands of one append are on stream `{stream}`: make them one command")]
    TwiceInOne {
        /// The aggregate's stream.
        stream: StreamId,
    },
    /// A part of an append has an idempotency key. Give it to the first command: it
    /// holds for the whole.
    #[error(
        "the command on stream `{stream}` is a part of an append and has an idempotency key: \
         give the key to the first command"
    )]
    KeyOnPart {
        /// The stream of the part.
        stream: StreamId,
    },
    /// A document that the command was to be decided on is not known as it is at the
    /// end of the log.
    #[error(transparent)]
    Document(#[from] DocumentError),
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
            ExecuteError::Document(error) => error.is_transient(),
            _ => false,
        }
    }

    /// The same, with another refusal.
    pub fn map_refusal<F>(self, refusal: impl FnOnce(E) -> F) -> ExecuteError<F> {
        match self {
            ExecuteError::Refused(refused) => ExecuteError::Refused(refusal(refused)),
            ExecuteError::Conflict(conflict) => ExecuteError::Conflict(conflict),
            ExecuteError::VersionMismatch(conflict) => ExecuteError::VersionMismatch(conflict),
            ExecuteError::InvalidId(invalid) => ExecuteError::InvalidId(invalid),
            ExecuteError::Load(error) => ExecuteError::Load(error),
            ExecuteError::Encode(error) => ExecuteError::Encode(error),
            ExecuteError::Invalid(invalid) => ExecuteError::Invalid(invalid),
            ExecuteError::KeyReused { stream } => ExecuteError::KeyReused { stream },
            ExecuteError::TwiceInOne { stream } => ExecuteError::TwiceInOne { stream },
            ExecuteError::KeyOnPart { stream } => ExecuteError::KeyOnPart { stream },
            ExecuteError::Document(error) => ExecuteError::Document(error),
            ExecuteError::DeadlineExceeded => ExecuteError::DeadlineExceeded,
            ExecuteError::Unknown(error) => ExecuteError::Unknown(error),
            ExecuteError::Store(error) => ExecuteError::Store(error),
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

    /// What an append that failed means for the command that it would have carried out.
    #[must_use]
    pub fn from_append(error: AppendError) -> Self {
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
