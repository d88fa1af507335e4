//! One event as one line.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use crate::codec::{InvalidPayload, UnknownCodec};
use crate::store::NewEvent;
use crate::{Codec, EventId, Metadata, Payload, RawEvent, StreamId, Version};

// The stored form: the names and the order of these fields never change.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    version: u64,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
    schema_version: u16,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Cow<'a, str>>,
    // For people; an import gives places of its own.
    #[serde(skip_deserializing)]
    partition: u16,
    #[serde(skip_deserializing)]
    position: u64,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codec: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "given")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// A field that is there: `null` is a payload like others.
fn given<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// An event, and the place in its stream that it must get.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) line: u64,
    pub(super) stream: StreamId,
    pub(super) version: Version,
    /// Whether it is the first of its stream in this history.
    pub(super) begins: bool,
    pub(super) recorded_at: OffsetDateTime,
    pub(super) event: NewEvent,
}

/// Why a line is not an event.
pub(super) enum Fault {
    /// It ends before the object does.
    Cut,
    /// Something else was expected.
    Expected(String),
    Payload(InvalidPayload),
    Codec(UnknownCodec),
}

/// Why an event cannot be a line.
pub(super) enum Unwritable {
    Payload(InvalidPayload),
    Time,
}

/// Writes an event, without a line feed.
pub(super) fn write(event: &RawEvent) -> Result<String, Unwritable> {
    let payload = &event.event;
    let text = readable_text(payload)?.and_then(|text| serde_json::from_str(text).ok());
    let base64 = || Cow::from(STANDARD.encode(payload.bytes()));
    let line = Line {
        stream: event.stream.as_str().into(),
        version: event.version.get(),
        id: event.id.to_string().into(),
        name: Cow::Borrowed(&*event.name),
        schema_version: event.schema_version,
        recorded_at: rfc3339(event.recorded_at)?.into(),
        occurred_at: event.occurred_at.map(rfc3339).transpose()?.map(Cow::from),
        partition: event.partition.get(),
        position: event.position.get(),
        metadata: event.metadata.clone(),
        codec: text.is_none().then(|| payload.codec().id().into()),
        data_base64: text.is_none().then(base64),
        data: text,
    };
    // Every field is a text, a number or JSON that was checked.
    serde_json::to_string(&line).map_err(|_| Unwritable::Time)
}

/// The text of a JSON payload that stays what it is within a line. What could
/// not be imported again is refused here, while its source still exists.
fn readable_text(payload: &Payload) -> Result<Option<&str>, Unwritable> {
    let text = payload.as_json_text();
    match (payload.codec(), text) {
        (Codec::Json, Some(text)) => Payload::json(text).map(drop),
        (codec, _) => decoded(codec, payload.bytes().to_vec()).map(drop),
    }
    .map_err(Unwritable::Payload)?;
    // Line feeds would end the line; white space around a value is not part of
    // it, so it would be lost.
    Ok(text.filter(|text| text.trim() == *text && !text.contains(['\n', '\r'])))
}

fn rfc3339(time: OffsetDateTime) -> Result<String, Unwritable> {
    // RFC 3339 has no seconds in offsets, and no year beyond 9999, which a time
    // at the end of that year has in another offset.
    let in_utc = || time.checked_to_offset(UtcOffset::UTC)?.format(&Rfc3339).ok();
    time.format(&Rfc3339).ok().or_else(in_utc).ok_or(Unwritable::Time)
}

/// Reads the event of line number `number`.
pub(super) fn read(text: &str, number: u64) -> Result<Placed, Fault> {
    if !text.starts_with('{') {
        return Err(expected("a JSON object, one per line"));
    }
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| fault(&error, text))?;
    let stream = line.stream.parse();
    let stream: StreamId = stream.map_err(|error| expected(format!("`stream`: {error}")))?;
    let id: EventId = line.id.parse().map_err(|_| expected("`id`: a UUID"))?;
    if line.version == 0 {
        return Err(expected("`version`: a number from 1 on"));
    }
    let recorded_at = time("recorded_at", &line.recorded_at)?;
    let occurred_at = line.occurred_at.as_deref();
    let occurred_at = occurred_at.map(|text| time("occurred_at", text)).transpose()?;
    let payload = payload(&line)?;
    let mut event = NewEvent::new(line.name.into_owned(), payload).with_id(id);
    event.schema_version = line.schema_version;
    event.metadata = line.metadata;
    event.occurred_at = occurred_at;
    event.recorded_at = Some(recorded_at);
    Ok(Placed {
        line: number,
        stream,
        version: Version::new(line.version),
        begins: false,
        recorded_at,
        event,
    })
}

fn time(field: &str, text: &str) -> Result<OffsetDateTime, Fault> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        expected(format!("`{field}`: a time such as `2025-06-01T08:00:00.000000001Z`"))
    })
}

fn payload(line: &Line<'_>) -> Result<Payload, Fault> {
    match (line.data, &line.data_base64) {
        (Some(data), None) => Payload::json(data.get()).map_err(Fault::Payload),
        (None, Some(text)) => {
            let id = line.codec.as_deref();
            let id = id.ok_or_else(|| expected("`codec` beside `data_base64`"))?;
            let codec = Codec::from_id(id).map_err(Fault::Codec)?;
            let bytes = STANDARD.decode(&**text);
            let bytes =
                bytes.map_err(|_| expected("`data_base64`: standard base64 with padding"))?;
            decoded(codec, bytes).map_err(Fault::Payload)
        }
        _ => Err(expected("either `data` or `data_base64`")),
    }
}

/// Checks bytes of a codec.
fn decoded(codec: Codec, bytes: Vec<u8>) -> Result<Payload, InvalidPayload> {
    match codec {
        Codec::Json => {
            let text = String::from_utf8(bytes).map_err(|error| InvalidPayload::Malformed {
                codec,
                at: format!("byte {}", error.utf8_error().valid_up_to()),
            })?;
            Payload::json(text)
        }
        #[cfg(feature = "msgpack")]
        Codec::MessagePack => Payload::msgpack(bytes),
    }
}

fn expected(what: impl Into<String>) -> Fault {
    Fault::Expected(what.into())
}

/// What serde expected. What it found stays out: it may be of the payload.
fn fault(error: &serde_json::Error, text: &str) -> Fault {
    if is_cut(error, text) {
        return Fault::Cut;
    }
    let column = error.column();
    if !error.is_data() {
        return expected(format!("a JSON object, but it is none at column {column}"));
    }
    let message = error.to_string();
    let place = format!(" at line {} column {column}", error.line());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let of_a_field =
        ["missing field `", "duplicate field `"].iter().any(|begin| message.starts_with(begin));
    if of_a_field {
        return expected(format!("every field once, but there is a {message}"));
    }
    let what = message.rsplit_once(", expected ").map(|(_, what)| what);
    let what = what.unwrap_or("a field of an event");
    expected(format!("{what} at column {column}"))
}

/// Whether the text may go on where the error is.
pub(super) fn is_cut(error: &serde_json::Error, text: &str) -> bool {
    // Of a number that ends in `-` or `e` it says that it is none.
    error.is_eof() || (error.is_syntax() && error.column() >= text.len())
}
