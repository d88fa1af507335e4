//! Why a runner does not run.

use annals::read_model::{DeclareError, SessionMismatch, Unit};
use annals::{ReadError, StoreError};

/// Why a runner does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A read model may not be fed by this code.
    #[error(transparent)]
    Declare(#[from] DeclareError),
    /// A projection writes through another session than the store gives.
    #[error(transparent)]
    Session(#[from] SessionMismatch),
    /// There is no read model, or a version of one was given twice.
    #[error("give the runner at least one read model, and each version of one only once")]
    NotEachOnce,
}

/// Why a runner has ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A read model cannot go on until somebody mends what is wrong.
    #[error("{unit} has stopped: {reason}")]
    Stopped {
        /// The part of the read model.
        unit: Box<Unit>,
        /// Why.
        reason: String,
    },
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The store of the read models failed. Leases that could not be given back run out.
    #[error(transparent)]
    Store(#[from] StoreError),
}
