//! An event as the log holds it.

use std::borrow::Cow;

use time::OffsetDateTime;

use crate::codec::Payload;
use crate::{Checkpoint, EventId, LogId, Metadata, Partition, Position, StreamId, Version};

/// An event as the log holds it: what happened, and where and when it was
/// recorded.
///
/// Stores hand out [`RawEvent`]s, whose `event` is still the stored payload;
/// [`decode`](Recorded::decode) turns them into typed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<E> {
    /// What happened.
    pub event: E,
    /// Its identity, chosen by the writer.
    pub id: EventId,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// The partition of the stream.
    pub partition: Partition,
    /// Its place in the order of the partition.
    pub position: Position,
    /// The stored name of its type.
    pub name: Cow<'static, str>,
    /// The schema version under which it was written.
    pub schema_version: u16,
    /// What is known about it besides.
    pub metadata: Metadata,
    /// When the store recorded it, by the store's clock, to the microsecond; it
    /// never falls within a partition.
    pub recorded_at: OffsetDateTime,
    /// When it happened, by the writer's word, if he gave one.
    pub occurred_at: Option<OffsetDateTime>,
    /// Whether it was written here or came with an import.
    pub origin: Origin,
}

/// An event whose payload has not been decoded.
pub type RawEvent = Recorded<Payload>;

/// How an event came into this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Origin {
    /// It was decided and appended here.
    #[default]
    Native,
    /// It was recorded elsewhere and imported: side effects that it asked for
    /// have happened there, and must not happen again.
    Imported,
}

impl<E> Recorded<E> {
    /// The event's moment: [`occurred_at`](Recorded::occurred_at) where the
    /// writer gave one, else [`recorded_at`](Recorded::recorded_at).
    #[must_use]
    pub fn occurred_or_recorded_at(&self) -> OffsetDateTime {
        self.occurred_at.unwrap_or(self.recorded_at)
    }

    /// The checkpoint of a reader of the log `log` who has handled this event.
    #[must_use]
    pub fn checkpoint(&self, log: LogId) -> Checkpoint {
        Checkpoint::new(log, self.partition, self.position, self.id)
    }

    /// The same record around another event.
    pub fn map<T>(self, f: impl FnOnce(E) -> T) -> Recorded<T> {
        Recorded {
            event: f(self.event),
            id: self.id,
            stream: self.stream,
            version: self.version,
            partition: self.partition,
            position: self.position,
            name: self.name,
            schema_version: self.schema_version,
            metadata: self.metadata,
            recorded_at: self.recorded_at,
            occurred_at: self.occurred_at,
            origin: self.origin,
        }
    }
}
