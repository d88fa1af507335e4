//! Why a view in memory does not answer, wait or save.

use std::sync::Arc;

use annals::{Checkpoint, DecodeError, Partition, ReadError, StoreError};

/// Why a view in memory has ended. Every question is answered by it from then on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The log cannot be read. Where it has lost its tail, the view holds what is no longer
    /// true: open it anew, and it is folded from what the log holds.
    #[error(transparent)]
    Log(Arc<ReadError>),
    /// An event does not decode: deploy code that reads it, and open the view anew.
    #[error(transparent)]
    Unreadable(#[from] DecodeError),
    /// The code of the view has panicked at an event: mend it, and open the view anew.
    #[error("the view `{name}` failed at {event}: {reason}: mend its code, and open it anew")]
    Panicked {
        /// The view.
        name: &'static str,
        /// The event.
        event: Box<annals::EventRef>,
        /// With what message, as in a dead letter.
        reason: String,
    },
    /// It was stopped, or the runtime that ran it has ended.
    #[error("the view in memory was stopped: open it anew")]
    Stopped,
}

impl From<ReadError> for LocalError {
    fn from(error: ReadError) -> Self {
        Self::Log(Arc::new(error))
    }
}

/// Why a wait for a view in memory ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// The view has ended.
    #[error(transparent)]
    Ended(#[from] LocalError),
    /// The time is over: ask again, or answer from what is there.
    #[error(
        "the view `{name}` has not taken the events in time: partition {partition} is behind; wait \
         again, or answer from what it holds"
    )]
    TimedOut {
        /// The view.
        name: &'static str,
        /// A partition in which it is behind.
        partition: Partition,
    },
    /// The token is of another log.
    #[error("the token is of another log than the view `{name}` is folded from")]
    AnotherLog {
        /// The view.
        name: &'static str,
    },
    /// The log holds another event at a place of the token: the commit was lost by a
    /// restore or a failover. Send the command again.
    #[error(
        "the log holds another event than the token's at partition {}, position {}: a restore or \
         failover lost the commit; send the command again",
        .place.partition(), .place.position()
    )]
    Diverged {
        /// The place in the token.
        place: Box<Checkpoint>,
    },
    /// The end of the log could not be read.
    #[error(transparent)]
    Log(#[from] ReadError),
}

/// Why a snapshot of a view was not saved. Nothing is lost: the next start reads the events
/// behind the snapshot that is there.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// It is larger than a snapshot may be.
    #[error(
        "the documents have more than {most} bytes, the most of a snapshot: keep this view in a \
         store, with a runner"
    )]
    TooLarge {
        /// The most bytes.
        most: usize,
    },
    /// A document or a key would not come back as it was in any codec, or the code that
    /// writes it has panicked.
    #[error(
        "a document or key of the view cannot be read back by any codec: look at its Serialize, \
         Deserialize and ViewKey"
    )]
    NotReadable,
    /// The store of the snapshots failed, or did not answer.
    #[error("the snapshot could not be saved")]
    Store(#[source] Arc<StoreError>),
}

/// Why a view in memory did not stop as it should.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// It had ended before, and has saved nothing.
    #[error(transparent)]
    Ended(#[from] LocalError),
    /// It has stopped, but has not saved a snapshot: the next start has more to read.
    #[error(transparent)]
    NotSaved(#[from] SaveError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
