//! What goes into an append.

use std::borrow::Cow;

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::codec::{Codec, Payload};
use crate::decode::encode_event;
use crate::store::{IdempotencyKey, Place, kept_time};
use crate::{
    EncodeError, Event, EventId, ExpectedVersion, Metadata, Origin, Position, RawEvent, StreamId,
    Version,
};

/// An event on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEvent {
    /// Its identity: an append of the same ids again is a repeat.
    pub id: EventId,
    /// The stored name of its type.
    pub name: Cow<'static, str>,
    /// The schema version of its payload.
    pub schema_version: u16,
    /// The payload.
    pub payload: Payload,
    /// What is known about it besides.
    pub metadata: Metadata,
    /// When it happened, if the writer says so; see [`kept_time`].
    pub occurred_at: Option<OffsetDateTime>,
    /// When it was recorded elsewhere; for imported events only.
    pub recorded_at: Option<OffsetDateTime>,
}

impl NewEvent {
    /// An event of the type `name` at schema version 1, with a new id.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, payload: Payload) -> Self {
        Self {
            id: EventId::new(),
            name: name.into(),
            schema_version: 1,
            payload,
            metadata: Metadata::new(),
            occurred_at: None,
            recorded_at: None,
        }
    }

    /// A typed event, encoded with `codec`, with a new id.
    ///
    /// # Errors
    /// The event is retired, or the codec could not read it back.
    pub fn encode<E: Event>(codec: Codec, event: &E) -> Result<Self, EncodeError> {
        let payload = encode_event(codec, event)?;
        Ok(Self { schema_version: event.schema_version(), ..Self::new(event.name(), payload) })
    }

    /// The same event under another id.
    #[must_use]
    pub fn with_id(self, id: EventId) -> Self {
        Self { id, ..self }
    }

    /// The event as the log holds it, once its place is known.
    #[must_use]
    pub fn placed(self, stream: StreamId, place: Place) -> RawEvent {
        RawEvent {
            event: self.payload,
            id: self.id,
            stream,
            version: place.version,
            partition: place.partition,
            position: place.position,
            name: self.name,
            schema_version: self.schema_version,
            metadata: self.metadata,
            recorded_at: kept_time(place.recorded_at),
            occurred_at: self.occurred_at.map(kept_time),
            origin: place.origin,
        }
    }

    /// The same event with this metadata.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Self { metadata, ..self }
    }
}

/// Events for one stream, and what their writer believes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The stream.
    pub stream: StreamId,
    /// What must hold for the append to happen.
    pub expected: ExpectedVersion,
    /// The id of the event with which the stream must end, if the writer knows
    /// it: a version alone does not tell a history from one that has grown anew
    /// after a lost tail. It is looked at only if the version is as expected.
    pub behind: Option<EventId>,
    /// The events, in their order.
    pub events: Vec<NewEvent>,
}

impl Write {
    /// Events for a stream.
    #[must_use]
    pub fn new(
        stream: StreamId,
        expected: impl Into<ExpectedVersion>,
        events: Vec<NewEvent>,
    ) -> Self {
        Self { stream, expected: expected.into(), behind: None, events }
    }

    /// The versions and ids which these events would get behind `version`.
    fn placed_after(&self, version: Version) -> impl Iterator<Item = (Version, EventId)> {
        let versions = (1u64..).map(move |ahead| version.advanced_by(ahead));
        versions.zip(self.events.iter().map(|event| event.id))
    }
}

/// One append: events for one stream or for several, all or none.
///
/// The writes are applied in their order; a later write to the same stream
/// sees the earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// The writes, in the order in which they get their positions.
    pub writes: Vec<Write>,
    /// Recognises a repeat whatever the expected versions; scoped to the
    /// stream of the first write.
    pub key: Option<IdempotencyKey>,
    /// Nothing is written after this moment, unless it was on its way already;
    /// then the answer is [`Unknown`](crate::AppendError::Unknown).
    pub deadline: Option<Instant>,
    /// Whether the events happened here or elsewhere.
    pub origin: Origin,
}

impl Append {
    /// An append to one stream.
    #[must_use]
    pub fn to(
        stream: StreamId,
        expected: impl Into<ExpectedVersion>,
        events: Vec<NewEvent>,
    ) -> Self {
        let write = Write::new(stream, expected, events);
        Self { writes: vec![write], key: None, deadline: None, origin: Origin::Native }
    }

    /// The same append, and events for a further stream.
    #[must_use]
    pub fn and(
        mut self,
        stream: StreamId,
        expected: impl Into<ExpectedVersion>,
        events: Vec<NewEvent>,
    ) -> Self {
        self.writes.push(Write::new(stream, expected, events));
        self
    }

    /// The same append, only if the stream of the last write ends with this
    /// event; else it is [`Diverged`](crate::AppendError::Diverged).
    #[must_use]
    pub fn behind(mut self, event: EventId) -> Self {
        if let Some(write) = self.writes.last_mut() {
            write.behind = Some(event);
        }
        self
    }

    /// The same append, recognised by `key` when it is repeated.
    #[must_use]
    pub fn with_key(self, key: IdempotencyKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The same append, given up at `deadline`.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The same append, of events that were recorded elsewhere: each must say
    /// when, and keeps that time.
    #[must_use]
    pub fn imported(self) -> Self {
        Self { origin: Origin::Imported, ..self }
    }

    /// Whether every event of this append stands in the log where its writer
    /// expected to put it, as after a first try whose answer was lost.
    ///
    /// `stored` looks up the event at a version of a stream. Stores call this
    /// when a version check fails; an append that does not say exact versions is
    /// never a repeat by this measure, nor is one whose events were written by
    /// several appends, with others between them.
    pub fn is_repeat(
        &self,
        mut stored: impl FnMut(&StreamId, Version) -> Option<(Position, EventId)>,
    ) -> bool {
        let mut stands = |write: &Write| {
            let base = write.expected.exact()?;
            let mut next = None;
            for (version, id) in write.placed_after(base) {
                let (position, found) = stored(&write.stream, version)?;
                if found != id || next.is_some_and(|next| next != position) {
                    return None;
                }
                next = Some(position.advanced_by(1));
            }
            Some(())
        };
        self.writes.iter().all(|write| stands(write).is_some())
    }
}
