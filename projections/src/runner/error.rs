//! Why a runner does not run.

use annals::read_model::{DeclareError, ModelId, SessionMismatch, Unit};
use annals::{Partition, Position, ReadError, StoreError};

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
    /// The code handles a type of event that the version did not handle before, and the
    /// version has already passed over such an event: it would be missing for good. Nothing
    /// was changed; workers with the earlier code go on.
    #[error(
        "{id} has not handled `{event}` so far, and has passed over such an event at position \
         {position} of partition {partition}: raise its version, so that it is built anew"
    )]
    PassedOver {
        /// The read model.
        id: ModelId,
        /// The stored name of the event's type.
        event: String,
        /// The partition of the first such event that was found.
        partition: Partition,
        /// Its position.
        position: Position,
    },
    /// The log could not be searched for events that are new to a version.
    #[error(transparent)]
    Log(#[from] ReadError),
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
