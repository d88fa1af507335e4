//! What is refused before it is written.

use crate::store::{Append, Limits, NewEvent};
use crate::{Origin, StreamId};

/// The greatest length of a stored event name, in bytes.
pub const MAX_EVENT_NAME_BYTES: usize = 128;

impl Append {
    /// Refuses what is beyond the limits. Every store calls this first, so that
    /// all of them refuse the same.
    ///
    /// # Errors
    /// The first thing that is wrong, with the limit that it breaks.
    pub fn check(&self, limits: &Limits) -> Result<(), InvalidAppend> {
        if self.writes.is_empty() {
            return Err(InvalidAppend::NoEvents { stream: None });
        }
        let (mut events, mut bytes) = (0, 0);
        for write in &self.writes {
            if write.events.is_empty() {
                return Err(InvalidAppend::NoEvents { stream: Some(write.stream.clone()) });
            }
            events += write.events.len();
            if events > limits.events {
                let limit = limits.events;
                return Err(InvalidAppend::TooManyEvents { events: self.events(), limit });
            }
            for event in &write.events {
                bytes += check_event(event, self.origin, limits)?;
            }
        }
        if bytes > limits.append_bytes {
            return Err(InvalidAppend::AppendTooLarge { bytes, limit: limits.append_bytes });
        }
        Ok(())
    }

    /// How many events it holds.
    #[must_use]
    pub fn events(&self) -> usize {
        self.writes.iter().map(|write| write.events.len()).sum()
    }
}

/// Checks one event and returns its bytes.
fn check_event(event: &NewEvent, origin: Origin, limits: &Limits) -> Result<usize, InvalidAppend> {
    if !is_event_name(&event.name) {
        return Err(InvalidAppend::EventName { bytes: event.name.len() });
    }
    let name = || event.name.clone().into_owned();
    if event.schema_version == 0 {
        return Err(InvalidAppend::SchemaVersion { name: name() });
    }
    let payload = event.payload.len();
    if payload > limits.payload_bytes {
        let limit = limits.payload_bytes;
        return Err(InvalidAppend::PayloadTooLarge { name: name(), bytes: payload, limit });
    }
    if event.metadata.texts().any(|text| text.contains('\0')) {
        return Err(InvalidAppend::NulInMetadata { name: name() });
    }
    let metadata = event.metadata.size();
    if metadata > limits.metadata_bytes {
        let limit = limits.metadata_bytes;
        return Err(InvalidAppend::MetadataTooLarge { name: name(), bytes: metadata, limit });
    }
    if event.recorded_at.is_some() != (origin == Origin::Imported) {
        return Err(InvalidAppend::RecordedAt { name: name() });
    }
    Ok(payload + metadata)
}

/// Visible ASCII, without what filters and quoting give a meaning to.
fn is_event_name(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_EVENT_NAME_BYTES;
    fits && name
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b',' | b'*'))
}

/// An append was refused before anything was written. It would be refused
/// again: change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAppend {
    /// There is nothing to append, at all or for one of the streams.
    #[error("an append needs at least one event for each of its streams")]
    NoEvents {
        /// The stream without events; `None` if there is no stream either.
        stream: Option<StreamId>,
    },
    /// It holds more events than [`Limits::events`].
    #[error("{events} events in one append: at most {limit} are allowed, split it")]
    TooManyEvents {
        /// How many.
        events: usize,
        /// The limit.
        limit: usize,
    },
    /// Its payloads and metadata are more than [`Limits::append_bytes`].
    #[error("an append of {bytes} bytes: at most {limit} are allowed, split it")]
    AppendTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A payload is larger than [`Limits::payload_bytes`].
    #[error(
        "the payload of event `{name}` has {bytes} bytes: at most {limit} are allowed, keep large \
         documents elsewhere and refer to them"
    )]
    PayloadTooLarge {
        /// The event's type.
        name: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The metadata of an event are larger than [`Limits::metadata_bytes`].
    #[error("the metadata of event `{name}` have {bytes} bytes: at most {limit} are allowed")]
    MetadataTooLarge {
        /// The event's type.
        name: String,
        /// Their size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The metadata hold a NUL, which databases cannot store.
    #[error("the metadata of event `{name}` hold a NUL character: remove it")]
    NulInMetadata {
        /// The event's type.
        name: String,
    },
    /// The stored name of an event type cannot be one.
    #[error(
        "the name of an event type has 1 to {MAX_EVENT_NAME_BYTES} visible ASCII characters \
         without quotes, `,` and `*`; this one has {bytes} bytes"
    )]
    EventName {
        /// Its length.
        bytes: usize,
    },
    /// A schema version is 0.
    #[error("the schema version of event `{name}` is 0: they count from 1")]
    SchemaVersion {
        /// The event's type.
        name: String,
    },
    /// A time of recording came with an event that is not imported, or an
    /// imported one came without.
    #[error("event `{name}`: exactly the imported events bring their time of recording")]
    RecordedAt {
        /// The event's type.
        name: String,
    },
    /// Imported events were to be appended within a transaction of the caller's
    /// own, where others may come between them. Append them to the store.
    #[error("imported events are not appended within a transaction: append them to the store")]
    ImportInTransaction,
}
