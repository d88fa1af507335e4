//! Why a command was not scheduled, or not cancelled.

use annals::store::InvalidAppend;
use annals::{DecodeError, EncodeError, InvalidStreamId, ReadError, StoreError};

use crate::engine::Wrong;
use crate::kept::KeptError;

/// Why a command was not scheduled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The key cannot name a command.
    #[error(transparent)]
    Key(#[from] InvalidStreamId),
    /// Another command stands under the key. Take another key.
    #[error("another command stands under the key")]
    AnotherCommand,
    /// The command was cancelled, and stays so. Take another key to schedule it again.
    #[error("the command was cancelled: schedule it under another key")]
    Cancelled,
    /// The time is further away than a time can be.
    #[error("the time is further away than a time can be")]
    TooFar,
    /// The command cannot be kept: it is no JSON, or its kind is none.
    #[error("the command cannot be kept: {0}")]
    Unwritable(String),
    /// The command is beyond a limit of the log.
    #[error(transparent)]
    Invalid(#[from] InvalidAppend),
    /// The command cannot be written in the codec of the log.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// What stands under the key was written by newer code.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log failed. Whether the command was scheduled is not known: do it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a command was not cancelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CancelError {
    /// The key cannot name a command.
    #[error(transparent)]
    Key(#[from] InvalidStreamId),
    /// No command stands under the key.
    #[error("no command stands under the key")]
    Unknown,
    /// Others keep changing what stands under the key. Try again.
    #[error("others keep changing what stands under the key: try again")]
    Contended,
    /// What stands under the key was written by newer code.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log failed. Whether the command was cancelled is not known: do it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Wrong> for ScheduleError {
    fn from(wrong: Wrong) -> Self {
        ScheduleError::Unwritable(wrong.to_string())
    }
}

impl From<KeptError> for ScheduleError {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Decode(error) => error.into(),
            KeptError::Read(error) => error.into(),
        }
    }
}

impl From<KeptError> for CancelError {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Decode(error) => error.into(),
            KeptError::Read(error) => error.into(),
        }
    }
}
