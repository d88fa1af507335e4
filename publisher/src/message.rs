//! An event as others see it.

use std::borrow::Cow;
use std::sync::Arc;

use annals::codec::Payload;
use annals::{EventId, Metadata, Partition, Position, RawEvent, StreamId, TraceContext, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An event of the log, on its way to others.
///
/// [`to_json`](Self::to_json) writes it in the format that all sinks of this crate use; what
/// each of its fields becomes there is told in the documentation of the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The id of the event: the same each time that it is sent, so that a receiver knows what
    /// it has already taken.
    pub id: EventId,
    /// The log that it comes from, as a URI reference; with the id it is unique.
    pub source: Arc<str>,
    /// Its stream. What is sent of one stream is sent in its order.
    pub stream: StreamId,
    /// Its place in the stream. Gaps are events of names that are not published.
    pub version: Version,
    /// The partition of the stream.
    pub partition: Partition,
    /// Its place in the order of the partition.
    pub position: Position,
    /// The stored name of its type.
    pub name: Cow<'static, str>,
    /// The schema version under which it was written. It is not lifted to a newer one.
    pub schema_version: u16,
    /// What happened, as it is stored.
    pub payload: Payload,
    /// What is known about it besides. Of this, only the correlation, the cause and the trace
    /// are part of the JSON: the rest is nobody else's business.
    pub metadata: Metadata,
    /// When it was recorded, by the clock of the store.
    pub recorded_at: OffsetDateTime,
    /// When it happened, by the writer's word, if he gave one.
    pub occurred_at: Option<OffsetDateTime>,
}

/// The stable form: CloudEvents 1.0, and extension attributes by its rules for names.
#[derive(Serialize)]
struct CloudEvent<'m> {
    specversion: &'static str,
    id: String,
    source: &'m str,
    #[serde(rename = "type")]
    kind: &'m str,
    subject: &'m str,
    time: String,
    datacontenttype: &'static str,
    // An integer of CloudEvents has 32 bits, so what may be greater is a text.
    schemaversion: u16,
    streamversion: String,
    partition: u16,
    position: String,
    partitionkey: &'m str,
    recordedat: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracestate: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'m RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

impl Message {
    /// The message that an event of the log becomes.
    #[must_use]
    pub fn new(raw: &RawEvent, source: Arc<str>) -> Self {
        Self {
            id: raw.id,
            source,
            stream: raw.stream.clone(),
            version: raw.version,
            partition: raw.partition,
            position: raw.position,
            name: raw.name.clone(),
            schema_version: raw.schema_version,
            payload: raw.event.clone(),
            metadata: raw.metadata.clone(),
            recorded_at: raw.recorded_at,
            occurred_at: raw.occurred_at,
        }
    }

    /// The media type of the payload.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.payload.codec().id() {
            "json" => "application/json",
            "msgpack" => "application/vnd.msgpack",
            _ => "application/octet-stream",
        }
    }

    /// The message as a CloudEvent of version 1.0 in the JSON format, the same bytes each time.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use annals::codec::Payload;
    /// # use annals::{EventId, Metadata, Origin, Partition, Position, Recorded, Version};
    /// # use annals_publisher::Message;
    /// # use time::macros::datetime;
    /// # let raw = Recorded {
    /// #     event: Payload::json(r#"{"cents": 5}"#)?,
    /// #     id: "019a0000-0000-7000-8000-000000000001".parse()?,
    /// #     stream: "account-4711".parse()?,
    /// #     version: Version::new(3),
    /// #     partition: Partition::new(0),
    /// #     position: Position::new(17),
    /// #     name: "account.deposited".into(),
    /// #     schema_version: 1,
    /// #     metadata: Metadata::new().with_correlation_id("c-1"),
    /// #     recorded_at: datetime!(2026-01-02 03:04:05.5 UTC),
    /// #     occurred_at: None,
    /// #     origin: Origin::Native,
    /// # };
    /// let message = Message::new(&raw, Arc::from("https://bank.example/log"));
    /// let expected = concat!(
    ///     r#"{"specversion":"1.0","id":"019a0000-0000-7000-8000-000000000001","#,
    ///     r#""source":"https://bank.example/log","type":"account.deposited","#,
    ///     r#""subject":"account-4711","time":"2026-01-02T03:04:05.5Z","#,
    ///     r#""datacontenttype":"application/json","schemaversion":1,"streamversion":"3","#,
    ///     r#""partition":0,"position":"17","partitionkey":"account-4711","#,
    ///     r#""recordedat":"2026-01-02T03:04:05.5Z","correlationid":"c-1","data":{"cents": 5}}"#,
    /// );
    /// assert_eq!(message.to_json(), expected);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = self.payload.as_json_text();
        // What is stored as JSON and is none is handed over as it is, not hidden.
        let data = text.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let bytes = || BASE64_STANDARD.encode(self.payload.bytes());
        let trace = self.metadata.trace();
        let event = CloudEvent {
            specversion: "1.0",
            id: self.id.to_string(),
            source: &self.source,
            kind: &self.name,
            subject: self.stream.as_str(),
            time: rfc3339(self.occurred_at.unwrap_or(self.recorded_at)),
            datacontenttype: self.content_type(),
            schemaversion: self.schema_version,
            streamversion: self.version.get().to_string(),
            partition: self.partition.get(),
            position: self.position.get().to_string(),
            partitionkey: self.stream.as_str(),
            recordedat: rfc3339(self.recorded_at),
            correlationid: self.metadata.correlation_id(),
            causationid: self.metadata.causation_id(),
            traceparent: trace.map(TraceContext::traceparent),
            tracestate: trace.and_then(TraceContext::tracestate),
            data,
            data_base64: data.is_none().then(bytes),
        };
        #[expect(clippy::expect_used, reason = "texts, numbers, and a value that was just read")]
        serde_json::to_string(&event).expect("a CloudEvent is JSON")
    }
}

/// A time that a store keeps is one that this format can express.
fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use annals::{Codec, Origin, Recorded};
    use serde_json::Value;
    use time::macros::datetime;

    use super::*;

    fn json(payload: Payload, metadata: Metadata, occurred_at: Option<OffsetDateTime>) -> Value {
        let raw: RawEvent = Recorded {
            event: payload,
            id: EventId::new(),
            stream: "order-7".parse().unwrap(),
            version: Version::new(5_000_000_000),
            partition: Partition::new(2),
            position: Position::new(9_000_000_000_000_000_001),
            name: "order.placed".into(),
            schema_version: 3,
            metadata,
            recorded_at: datetime!(2026-01-02 03:04:05.000006 UTC),
            occurred_at,
            origin: Origin::Native,
        };
        let json = Message::new(&raw, Arc::from("/log")).to_json();
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn numbers_that_are_too_great_are_texts() {
        let json = json(Payload::json("null").unwrap(), Metadata::new(), None);
        assert_eq!(json["streamversion"], "5000000000");
        assert_eq!(json["position"], "9000000000000000001");
        assert_eq!((&json["partition"], &json["schemaversion"]), (&2.into(), &3.into()));
        assert_eq!(json["data"], Value::Null);
        assert!(json.as_object().unwrap().contains_key("data"), "a payload may be null");
    }

    #[test]
    fn when_it_happened_is_the_word_of_the_writer() {
        let at = datetime!(2025-12-31 23:00 +1);
        let json = json(Payload::json("{}").unwrap(), Metadata::new(), Some(at));
        assert_eq!(json["time"], "2025-12-31T23:00:00+01:00");
        assert_eq!(json["recordedat"], "2026-01-02T03:04:05.000006Z");
    }

    #[test]
    fn a_payload_that_is_no_json_is_carried_as_bytes() {
        let payload = Payload::encode(Codec::MessagePack, &7).unwrap();
        let json = json(payload, Metadata::new(), None);
        assert_eq!(json["datacontenttype"], "application/vnd.msgpack");
        assert_eq!((&json["data_base64"], json.get("data")), (&"Bw==".into(), None));
    }

    #[test]
    fn of_the_metadata_only_what_others_may_know_is_told() {
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let metadata = Metadata::new()
            .with_correlation_id("talk")
            .with_causation_id("cause")
            .with_trace(TraceContext::new(traceparent).unwrap().with_tracestate("a=1"))
            .with_actor("ada")
            .with_tenant("acme")
            .with_header("channel", "web");
        let json = json(Payload::json("{}").unwrap(), metadata, None);
        assert_eq!(
            (&json["correlationid"], &json["causationid"]),
            (&"talk".into(), &"cause".into())
        );
        assert_eq!(
            (&json["traceparent"], &json["tracestate"]),
            (&traceparent.into(), &"a=1".into())
        );
        let told = json.to_string();
        assert!(!["ada", "acme", "channel"].iter().any(|text| told.contains(text)), "{told}");
    }

    /// By the rules of CloudEvents: small letters and digits, twenty of them at most.
    #[test]
    fn names_of_attributes_are_those_that_others_accept() {
        let json = json(Payload::json("{}").unwrap(), Metadata::new(), None);
        for name in json.as_object().unwrap().keys() {
            let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(plain && name.len() <= 20, "{name}");
        }
    }
}
