//! Events come back as they were written.

use time::Duration;

use super::{Fixture, Subject};
use crate::store::{Append, NewEvent};
use crate::{ExpectedVersion, Metadata, Origin, Payload, StreamId, TraceContext};
use ExpectedVersion::{Any, NoStream};

/// JSON text as it was: numbers, the order of keys, doubled keys, white space.
pub async fn event_payloads_are_kept_byte_for_byte<F: Fixture>(log: Subject<F>) {
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    let texts = [
        "1.0",
        "1e2",
        "-0",
        "-0.0",
        "100000000000000000000000000001",
        "0.1000000000000000055511151231",
        r#"{"b":1,"a":2,"ab":3}"#,
        r#"{ "spaced" : [ 1 , 2 ] }"#,
        "\"\\u00e9\u{e9}e\u{301}\"",
        "null",
        "true",
        "{}",
        "[]",
        "\"\"",
        "\"'; drop table events; --\"",
        r#""\\ \" \/ \n""#,
        "\"\u{1f980}\u{10ffff}\"",
        &deep,
    ];
    let payload = |text: &&str| Payload::json(*text).expect("JSON");
    let events: Vec<_> = texts.iter().map(|text| NewEvent::new("kept", payload(text))).collect();
    let stream = log.stream("payloads");
    log.append(Append::to(stream.clone(), NoStream, events)).await;
    for (stored, text) in log.of_stream(&stream).await.iter().zip(texts) {
        assert_eq!(stored.event.as_json_text(), Some(text));
    }
    log.audit().await;
}

/// Codecs may be mixed; each payload comes back with its own.
pub async fn event_payloads_of_any_codec_are_kept<F: Fixture>(log: Subject<F>) {
    let mut payloads = vec![Payload::json("{}").expect("JSON")];
    #[cfg(feature = "msgpack")]
    {
        // A NUL, bytes that are not UTF-8, a NaN: what no JSON could hold.
        let binary: [&[u8]; 3] = [&[0xa1, 0], &[0xc4, 2, 0xff, 0xfe], &[0xca, 0x7f, 0xc0, 0, 0]];
        let binary = binary.map(|bytes| Payload::msgpack(bytes).expect("MessagePack"));
        payloads.extend(binary);
    }
    payloads.push(Payload::json("[]").expect("JSON"));
    let events = payloads.iter().map(|payload| NewEvent::new("kept", payload.clone()));
    let stream = log.stream("payloads");
    let append = Append::to(stream.clone(), NoStream, events.collect());
    log.append(append).await;
    let stored = log.of_stream(&stream).await.into_iter();
    assert!(stored.map(|event| event.event).eq(payloads));
}

/// Each field, all of them, and none.
pub async fn event_metadata_is_kept<F: Fixture>(log: Subject<F>) {
    let trace = TraceContext::new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let trace = trace.expect("a trace context").with_tracestate("vendor=1");
    let metadata = [
        Metadata::new(),
        Metadata::new().with_correlation_id("correlation"),
        Metadata::new().with_causation_id("causation"),
        Metadata::new().with_actor("ada \u{1f980} 'quoted' \"twice\" \\ \n"),
        Metadata::new().with_tenant("tenant"),
        Metadata::new().with_trace(trace.clone()),
        Metadata::new().with_header("b", "1").with_header("a", "").with_header("A", "2"),
        Metadata::new().with_actor("").with_tenant("t").with_trace(trace).with_header("k", "v"),
    ];
    let events = metadata.iter().map(|metadata| log.event().with_metadata(metadata.clone()));
    let stream = log.stream("metadata");
    log.append(Append::to(stream.clone(), NoStream, events.collect())).await;
    let stored = log.of_stream(&stream).await.into_iter().map(|event| event.metadata);
    assert_eq!(stored.collect::<Vec<_>>(), metadata);
}

/// Name, schema version, id, and the writer's time to the microsecond.
pub async fn event_names_versions_ids_and_times_are_kept<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("fields");
    let before_the_epoch = time::OffsetDateTime::UNIX_EPOCH - Duration::microseconds(1);
    let mut events = Vec::new();
    for (version, name) in [(1, "account.opened"), (2, "A_b:c/d-e"), (i16::MAX.unsigned_abs(), "x")]
    {
        let mut event = log.named(name);
        event.schema_version = version;
        event.occurred_at = Some(before_the_epoch + Duration::days(i64::from(version)));
        events.push(event);
    }
    events.push(log.named("without_a_time"));
    log.append(Append::to(stream.clone(), Any, events.clone())).await;
    for (stored, event) in log.of_stream(&stream).await.iter().zip(events) {
        assert_eq!((stored.id, &stored.name), (event.id, &event.name));
        assert_eq!(stored.schema_version, event.schema_version);
        assert_eq!(stored.occurred_at, event.occurred_at);
        assert_eq!(stored.origin, Origin::Native);
    }
}

/// Ids are bytes: what looks alike, sorts alike or is quoted is not the same.
pub async fn event_streams_are_told_apart_byte_for_byte<F: Fixture>(log: Subject<F>) {
    let long = "k".repeat(StreamId::MAX_BYTES - "category-x".len());
    let ids = [
        "a-1",
        "A-1",
        "a-01",
        "a-1 ",
        "a- 1",
        "a--1",
        "a-1-",
        "a-%",
        "a-_",
        "a-*",
        "a-\\",
        "a-'",
        "a-''",
        "a-\"",
        "a-;drop table events",
        "a-\u{e9}",
        "a-e\u{301}",
        "a-\u{fb01}",
        "a-fi",
        "a-\u{1f980}",
        "a-\n",
        "a-\u{feff}",
        "a-$1",
        "\u{e9}-1",
        "e\u{301}-1",
    ];
    let longest = ["x", "y"].map(|end| format!("category-{long}{end}"));
    let ids = ids.into_iter().chain(longest.iter().map(String::as_str));
    let streams: Vec<StreamId> = ids.map(|id| id.parse().expect("a stream id")).collect();
    for stream in &streams {
        log.append(Append::to(stream.clone(), NoStream, log.events(1))).await;
    }
    for stream in &streams {
        let events = log.of_stream(stream).await;
        assert_eq!(events.len(), 1, "{stream:?} has an event of its own");
        assert_eq!(&events[0].stream, stream);
    }
    assert_eq!(log.audit().await.len(), streams.len());
}
