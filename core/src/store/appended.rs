//! What comes back from an append.

use time::OffsetDateTime;

use crate::{Checkpoint, EventId, LogId, Origin, Partition, Position, StreamId, Token, Version};

/// What an append has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The log.
    pub log: LogId,
    /// What became of each write, in the same order.
    pub writes: Vec<Written>,
    /// The time of recording that all the events share. On a repeat, that of
    /// the first outcome; on an import, that of the last event.
    pub recorded_at: OffsetDateTime,
    /// Whether this is the first outcome, found again: nothing was written now.
    pub repeated: bool,
}

impl Appended {
    /// What an append has written just now.
    #[must_use]
    pub fn new(log: LogId, writes: Vec<Written>, recorded_at: OffsetDateTime) -> Self {
        Self { log, writes, recorded_at, repeated: false }
    }

    /// The first outcome, found again.
    #[must_use]
    pub fn repeated(self) -> Self {
        Self { repeated: true, ..self }
    }

    /// For reading one's own write.
    #[must_use]
    pub fn token(&self) -> Token {
        let places = self.writes.iter().map(|write| write.checkpoint(self.log));
        places.fold(Token::empty(self.log), Token::with)
    }
}

/// What one write has done. Its events stand side by side: their versions and
/// their positions are consecutive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The stream.
    pub stream: StreamId,
    /// The partition of the stream.
    pub partition: Partition,
    /// The version of the last event: the stream's version now.
    pub version: Version,
    /// The position of the last event.
    pub position: Position,
    /// The id of the last event.
    pub last: EventId,
    /// How many events, at least one.
    pub events: u64,
}

impl Written {
    /// The version and position of each event, in order.
    pub fn places(&self) -> impl Iterator<Item = (Version, Position)> + use<> {
        let (version, position) = (self.version.get(), self.position.get());
        // A store that claims more events than there are versions is broken,
        // which is no reason to panic behind a commit.
        let back = move |back| {
            let version = Version::new(version.saturating_sub(back));
            (version, Position::new(position.saturating_sub(back)))
        };
        (0..self.events).rev().map(back)
    }

    /// The checkpoint of a reader who has handled the last event.
    #[must_use]
    pub fn checkpoint(&self, log: LogId) -> Checkpoint {
        Checkpoint::new(log, self.partition, self.position, self.last)
    }
}

/// Where and when an event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its place in the stream.
    pub version: Version,
    /// The partition of the stream.
    pub partition: Partition,
    /// Its place in the order of the partition.
    pub position: Position,
    /// When it was recorded.
    pub recorded_at: OffsetDateTime,
    /// Whether it was written here or imported.
    pub origin: Origin,
}
