//! The identity of a log, and places in it that can be resumed from.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EventId, Partition, Position};

/// Identity of one log, drawn when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(Uuid);

impl LogId {
    /// A new identity, for a new log.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two default values must not differ")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The identity that is this UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a reader has come in one partition of one log.
///
/// It carries the id of the event at its position, so that a log which lost
/// its tail (by a restore, or a failover to a standby that lagged) is noticed
/// when the reader resumes, also after a new tail has grown past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Checkpoint {
    log: LogId,
    partition: Partition,
    position: Position,
    event: Option<EventId>,
}

/// A checkpoint as it was stored, somewhere.
#[derive(Deserialize)]
struct Unchecked {
    log: LogId,
    partition: Partition,
    position: Position,
    event: Option<EventId>,
}

impl TryFrom<Unchecked> for Checkpoint {
    type Error = InvalidCheckpoint;

    fn try_from(stored: Unchecked) -> Result<Self, InvalidCheckpoint> {
        let Unchecked { log, partition, position, event } = stored;
        if event.is_none() != (position == Position::START) {
            return Err(InvalidCheckpoint);
        }
        Ok(Self { log, partition, position, event })
    }
}

/// A stored checkpoint is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: exactly those behind an event name the event at their position")]
pub struct InvalidCheckpoint;

impl Checkpoint {
    /// Before the first event of a partition.
    #[must_use]
    pub const fn start(log: LogId, partition: Partition) -> Self {
        Self { log, partition, position: Position::START, event: None }
    }

    /// At `event`, which stands at `position`.
    #[must_use]
    pub const fn new(log: LogId, partition: Partition, position: Position, event: EventId) -> Self {
        Self { log, partition, position, event: Some(event) }
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> LogId {
        self.log
    }

    /// The partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The position; [`Position::START`] before the first event.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The event at the position; `None` before the first event.
    #[must_use]
    pub const fn event(&self) -> Option<EventId> {
        self.event
    }
}
