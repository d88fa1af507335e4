//! Errors of a store, one type per operation.

use std::error::Error;
use std::fmt;

use crate::store::InvalidAppend;
use crate::{Checkpoint, Conflict, Partition, Position, StreamId, Version};

/// Why an append did not return an outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A stream was not at the expected version; nothing was written. Load
    /// again and decide again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The stream is at the expected version, but with another event than the
    /// append rests on: the log has lost a tail, by a restore or a failover, and
    /// has grown a new one. Nothing was written. Forget what was known of the
    /// stream, load it and decide again.
    #[error(
        "stream `{stream}` has another event at version {version} than this append rests on: a \
         restore or failover lost its tail; load it and decide again"
    )]
    Diverged {
        /// The stream.
        stream: StreamId,
        /// Its version.
        version: Version,
    },
    /// The append cannot be written as it is; nothing was written. Change it.
    #[error(transparent)]
    Invalid(#[from] InvalidAppend),
    /// The idempotency key was used for another command on this stream;
    /// nothing was written. Use a new key for a new command.
    #[error(
        "the idempotency key was used for another command on stream `{stream}`: use a new key for \
         a new command"
    )]
    KeyReused {
        /// The stream to which the key is scoped.
        stream: StreamId,
    },
    /// The imported events are older than what the log holds already; nothing
    /// was written. Import into a log of its own.
    #[error(
        "the log has recorded newer events in partition {partition} than the imported ones: \
         import into an empty log, and let nobody write to it meanwhile"
    )]
    ImportInterleaves {
        /// The partition.
        partition: Partition,
    },
    /// The deadline passed; nothing was written.
    #[error("the deadline passed before the append was written: nothing was written, try again")]
    DeadlineExceeded,
    /// It is unknown whether the append was written. Append the same events,
    /// with the same ids, under the same exact version or idempotency key
    /// again: the first outcome or the only one comes back. Reading does not
    /// resolve the doubt, because the first try may still be on its way.
    #[error("it is unknown whether the append was written: append the same events again")]
    Unknown(#[source] StoreError),
    /// The store failed; nothing was written.
    #[error("the store failed, nothing was written")]
    Store(#[from] StoreError),
}

/// Why a read ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log does not hold the event of the checkpoint at its position: it is
    /// another log, or it lost its tail when it was restored or failed over.
    /// What was built from the lost events must be built again.
    #[error(
        "the log does not hold the checkpoint's event at partition {}, position {}: this is another \
         log, or a restore or failover lost its tail; rebuild what was read from it",
        .checkpoint.partition(), .checkpoint.position()
    )]
    Diverged {
        /// The checkpoint.
        checkpoint: Box<Checkpoint>,
    },
    /// The log has no such partition.
    #[error("the log has no partition {partition}: it has {partitions}, numbered from 0")]
    NoSuchPartition {
        /// The partition that was asked for.
        partition: Partition,
        /// How many there are.
        partitions: u16,
    },
    /// The read should begin behind the end of the partition: the position is of
    /// another log, or of a tail that this one has lost, or, where a standby is
    /// read, of one that it has not received yet.
    #[error(
        "partition {partition} ends at position {end}, before position {position}: this is another \
         log, or a restore or failover lost its tail, or a standby lags behind; unless it is a \
         standby, rebuild what was read from it"
    )]
    BeyondEnd {
        /// The partition.
        partition: Partition,
        /// Where the read should begin.
        position: Position,
        /// Where the partition ends.
        end: Position,
    },
    /// The store handed out events that are not in order. This is a defect of
    /// the store or damage of its data, never of the caller.
    #[error(
        "stream `{stream}` is damaged: version {found} came where version {expected} was expected"
    )]
    Damaged {
        /// The stream.
        stream: StreamId,
        /// The version that should have come.
        expected: Version,
        /// The version that came.
        found: Version,
    },
    /// The store failed.
    #[error("the store failed while reading")]
    Store(#[from] StoreError),
}

impl ReadError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, ReadError::Store(error) if error.is_transient())
    }

    /// The log does not hold this checkpoint.
    #[must_use]
    pub fn diverged(checkpoint: Checkpoint) -> Self {
        ReadError::Diverged { checkpoint: Box::new(checkpoint) }
    }
}

/// A failure of the infrastructure below a store: a connection, a disk, a
/// queue that stayed full; or, where a read model is written, what the store
/// does not take.
#[derive(Debug)]
pub struct StoreError {
    source: Box<dyn Error + Send + Sync>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transient,
    Permanent,
    Content,
}

impl StoreError {
    /// A failure that may pass: trying again makes sense.
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Transient }
    }

    /// A failure that stays until somebody mends it.
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Permanent }
    }

    /// The store is well, and refuses what was to be written for what is in it: a
    /// document that it cannot keep, a row that breaks a constraint. Written again, it
    /// is refused again; other content is taken.
    pub fn content(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Content }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Transient
    }

    /// Whether what was to be written is refused for what is in it: leave it out, or
    /// write something else.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.kind == Kind::Content
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.kind {
            Kind::Transient => "it may pass: try again",
            Kind::Permanent => "it needs mending",
            Kind::Content => "what was written is refused, the store is well",
        };
        write!(f, "{} ({advice})", self.source)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// The version of its last event.
    pub version: Version,
    /// The position of its last event.
    pub position: Position,
    /// The id of its last event.
    pub event: crate::EventId,
}
