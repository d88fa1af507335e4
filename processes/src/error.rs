//! What can go wrong when an instance takes an input in.

use annals::store::InvalidAppend;
use annals::{DecodeError, EncodeError, InvalidStreamId, ReadError, StoreError};

use crate::engine::Wrong;

/// Why an instance could not take an input in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The key cannot name an instance.
    #[error(transparent)]
    Key(#[from] InvalidStreamId),
    /// An event of the instance cannot be read by this code.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An event that the process records cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Newer code has moved the instance on, and is to take over.
    #[error("newer code has moved the instance on, and is waited for: {0}")]
    NewerCode(String),
    /// What the instance waits for cannot be read by this code.
    #[error("{0}")]
    Unreadable(String),
    /// What the process wants cannot be written.
    #[error("what the process does cannot be written: {0}")]
    Wrong(String),
    /// The step is beyond a limit of the log.
    #[error("the step of the process cannot be written: {0}")]
    Invalid(#[from] InvalidAppend),
    /// The code of the process has panicked.
    #[error("the process has panicked: {0}")]
    Panicked(String),
    /// Others kept moving the instance. It may pass.
    #[error("others keep moving the instance")]
    Contended,
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProcessError {
    /// Whether it may pass by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ProcessError::Contended | ProcessError::NewerCode(_) => true,
            ProcessError::Read(error) => error.is_transient(),
            ProcessError::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

impl From<Wrong> for ProcessError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Unreadable { .. } => ProcessError::Unreadable(wrong.to_string()),
            Wrong::TooMany | Wrong::Kind { .. } | Wrong::Unwritable { .. } => {
                ProcessError::Wrong(wrong.to_string())
            }
        }
    }
}
