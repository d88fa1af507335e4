//! From stored payloads to typed events and back.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeSeed;
use serde::{Deserializer, Serialize, Serializer};

use crate::codec::{Codec, InvalidPayload, Payload};
use crate::event::Schema;
use crate::{Event, EventId, Partition, Position, RawEvent, Recorded, StreamId, Version};

impl RawEvent {
    /// Decodes the payload, lifting older schema versions to the newest.
    ///
    /// # Errors
    /// `E` does not know the event type or its schema version, or the payload
    /// is not what it expects. The record is lost with the error; look at it
    /// before where it is still needed.
    pub fn decode<E: Event>(self) -> Result<Recorded<E>, DecodeError> {
        let event = decode_event(&self)?;
        Ok(self.map(|_| event))
    }
}

/// Decodes the payload of a record that is still needed.
pub(crate) fn decode_event<E: Event>(raw: &RawEvent) -> Result<E, DecodeError> {
    let fail = |kind| DecodeError { at: Box::new(EventRef::of(raw)), kind };
    let schema = E::SCHEMAS.iter().find(|schema| schema.name == raw.name);
    let schema = schema.ok_or_else(|| fail(DecodeErrorKind::UnknownType))?;
    let Schema { oldest, newest, .. } = *schema;
    if !(oldest..=newest).contains(&raw.schema_version) {
        return Err(fail(DecodeErrorKind::UnknownVersion { oldest, newest }));
    }
    let seed = PayloadSeed::new(schema.name, raw.schema_version);
    raw.event.decode(seed).map_err(|mismatch| {
        fail(DecodeErrorKind::Payload { expected: mismatch.expected().to_owned() })
    })
}

/// Encodes the payload of an event, and makes sure that its type reads it back:
/// codecs accept what a type's `Deserialize` does not, such as numbers as keys
/// of a map that is flattened, and found later it would be a stream that nobody
/// can load. Reading costs about as much as writing.
pub(crate) fn encode_event<E: Event>(codec: Codec, event: &E) -> Result<Payload, EncodeError> {
    let fail = |reason| EncodeError { name: event.name(), reason };
    if event.is_retired() {
        return Err(fail(EncodeReason::Retired));
    }
    let payload = Payload::encode(codec, &PayloadOf(event));
    let payload = payload.map_err(|invalid| fail(EncodeReason::Payload(invalid)))?;
    match payload.decode(PayloadSeed::<E>::new(event.name(), event.schema_version())) {
        Ok(_) => Ok(payload),
        Err(mismatch) => {
            Err(fail(EncodeReason::Unreadable { expected: mismatch.expected().to_owned() }))
        }
    }
}

struct PayloadOf<'a, E>(&'a E);

impl<E: Event> Serialize for PayloadOf<'_, E> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_payload(to)
    }
}

/// Reads the payload of an event type that `E` covers.
pub(crate) struct PayloadSeed<E> {
    name: &'static str,
    schema_version: u16,
    is: PhantomData<fn() -> E>,
}

impl<E> PayloadSeed<E> {
    pub(crate) fn new(name: &'static str, schema_version: u16) -> Self {
        Self { name, schema_version, is: PhantomData }
    }
}

impl<'de, E: Event> DeserializeSeed<'de> for PayloadSeed<E> {
    type Value = E;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<E, D::Error> {
        E::deserialize_payload(self.name, self.schema_version, from)
    }
}

/// Which stored event something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRef {
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// Its id.
    pub id: EventId,
    /// The partition of its stream.
    pub partition: Partition,
    /// Its place in the order of the partition.
    pub position: Position,
    /// The stored name of its type.
    pub name: String,
    /// Its schema version.
    pub schema_version: u16,
}

impl EventRef {
    /// Which event this is.
    #[must_use]
    pub fn of<T>(raw: &Recorded<T>) -> Self {
        Self {
            stream: raw.stream.clone(),
            version: raw.version,
            id: raw.id,
            partition: raw.partition,
            position: raw.position,
            name: raw.name.clone().into_owned(),
            schema_version: raw.schema_version,
        }
    }
}

impl fmt::Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, version, name, schema_version, .. } = self;
        write!(
            f,
            "event `{name}` (schema version {schema_version}) at `{stream}` version {version}"
        )
    }
}

/// A stored event could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct DecodeError {
    at: Box<EventRef>,
    kind: DecodeErrorKind,
}

impl DecodeError {
    /// Which event.
    #[must_use]
    pub fn event(&self) -> &EventRef {
        &self.at
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }

    /// Whether this code does not know the event's type or schema version, as
    /// older code meets the events of newer code during a rolling deploy.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !matches!(self.kind, DecodeErrorKind::Payload { .. })
    }
}

/// Why a stored event could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// No variant has this stored name.
    #[error(
        "this code does not know the event type: deploy readers before writers, keep a retired \
         variant for it, or opt in to skipping; or does another aggregate share the category?"
    )]
    UnknownType,
    /// The variant cannot read this schema version.
    #[error(
        "this code reads schema versions {oldest} to {newest} of it: deploy readers before \
         writers, or add an upcaster for the older version"
    )]
    UnknownVersion {
        /// The oldest version that can be read.
        oldest: u16,
        /// The newest version that can be read.
        newest: u16,
    },
    /// The payload is not what the variant expects.
    #[error(
        "the payload does not decode: {expected}; raise the schema version and add an upcaster"
    )]
    Payload {
        /// What was expected instead; never what was found.
        expected: String,
    },
}

/// An event could not be encoded; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event `{name}`: {reason}")]
#[non_exhaustive]
pub struct EncodeError {
    /// The stored name of the event's type.
    pub name: &'static str,
    /// Why.
    pub reason: EncodeReason,
}

/// Why an event could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeReason {
    /// The variant is retired.
    #[error("its variant is retired and can only be read: decide on its successor")]
    Retired,
    /// The codec could not carry the payload, or not read it back.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
    /// The event's own type does not read the payload back.
    #[error(
        "its type does not read back what it writes: {expected}; keep maps with keys that are not \
         texts, and numbers of 128 bits, out of `serde(flatten)` and tagged enums"
    )]
    Unreadable {
        /// What was expected instead; never what was written.
        expected: String,
    },
}
