//! The format is frozen: a history that version 0.1 wrote is read, and written
//! alike, but for times: they are kept in UTC, to the microsecond.

use annals::history::{self, ImportError};
use annals::{Codec, EventStore};
use annals_memory::MemoryStore;

use crate::support::{events, refused, text};

const GOLDEN: &str = include_str!("../fixtures/history-v1.ndjson");

/// The history as a log keeps it.
fn kept() -> String {
    GOLDEN
        .replace("08:00:00.000000001Z", "08:00:00Z")
        .replace("08:00:00.123456789Z", "08:00:00.123456Z")
        .replace("2025-05-31T23:59:59.5+02:00", "2025-05-31T21:59:59.5Z")
        // The hash of the lines with these times.
        .replace("14cdf9b08eb0f8ec", "fb8a2093866aa5de")
}

#[tokio::test]
async fn the_golden_history_is_read_and_written_alike() {
    let store = MemoryStore::new();
    let imported = history::import_text(&store, GOLDEN).await.unwrap();
    let renamed =
        text(&store).await.replace(&store.log().id.to_string(), &imported.source.to_string());
    assert_eq!(renamed, kept());
}

#[tokio::test]
async fn every_field_of_the_golden_history_arrives() {
    let store = MemoryStore::new();
    history::import_text(&store, GOLDEN).await.unwrap();
    let events = events(&store).await;
    let [opened, deposited, placed, noted, packed] = &events[..] else {
        panic!("five events");
    };
    assert_eq!(opened.recorded_at.nanosecond(), 0);
    assert_eq!(deposited.recorded_at.nanosecond(), 123_456_000);
    assert!(opened.metadata.is_empty() && opened.occurred_at.is_none());
    assert_eq!(deposited.schema_version, 2);
    assert_eq!(deposited.metadata.header("note"), Some("a \"quoted\" text"));
    assert_eq!(deposited.metadata.trace().unwrap().tracestate(), Some("vendor=1"));
    assert_eq!(deposited.occurred_at.unwrap().unix_timestamp(), 1_748_728_799);
    // Numbers, the order of keys, escapes and white space as they were.
    assert_eq!(
        deposited.event.as_json_text().unwrap(),
        r#"{"z":1.0,"a":1e2,"big":12345678901234567890,"n":-0.0, "s":"\u00e4 \n ü"}"#
    );
    assert_eq!(placed.stream.as_str(), "order-ü \"x\"");
    assert_eq!(placed.event.as_json_text(), Some("null"));
    assert_eq!(noted.event.as_json_text(), Some("{\n  \"note\": \"two lines\"\n}"));
    assert_eq!((packed.event.codec(), packed.event.len()), (Codec::MessagePack, 10));
}

#[tokio::test]
async fn line_ends_of_windows_and_an_empty_last_line_do_no_harm() {
    let windows = GOLDEN.replace('\n', "\r\n") + "\r\n";
    let imported = history::import_text(&MemoryStore::new(), windows).await;
    assert_eq!(imported.unwrap().events, 5);
    let bare = GOLDEN.trim_end();
    let imported = history::import_text(&MemoryStore::new(), bare).await;
    assert_eq!(imported.unwrap().events, 5);
}

#[tokio::test]
async fn unknown_keys_are_passed_over() {
    let later = GOLDEN
        .replace(r#","format":1,"#, r#","format":1,"made_by":"annals 9.9","#)
        .replace(r#""scope":"log""#, r#""scope":{"tenants":["acme"]}"#);
    let imported = history::import_text(&MemoryStore::new(), &later).await;
    assert_eq!(imported.unwrap().events, 5);

    // Within an event they count for the hash, as everything does.
    let later = GOLDEN.replace(r#","data":null"#, r#","flags":[1,{"a":2}],"data":null"#);
    let ImportError::Altered { end } = refused(&later).await else {
        panic!("the hash must differ");
    };
    let later = later.replace(GOLDEN.lines().last().unwrap(), &end);
    let imported = history::import_text(&MemoryStore::new(), later).await;
    assert_eq!(imported.unwrap().events, 5);
}

#[tokio::test]
async fn another_format_is_named() {
    let error = refused(GOLDEN.replace(r#""format":1"#, r#""format":2"#)).await;
    assert!(matches!(error, ImportError::UnknownFormat { format: 2 }));
    assert!(error.to_string().contains("upgrade"), "{error}");
}
