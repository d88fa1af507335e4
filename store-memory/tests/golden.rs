//! What is kept outside of a log, or carried between processes, must stay
//! readable: these tests read what version 0.1 wrote, and so must every later
//! release. A fixture is added to, never changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use annals::{Checkpoint, EventId, LogId, Metadata, Partition, Position, Token, TraceContext};

fn log() -> LogId {
    serde_json::from_str(r#""01970000-0000-7000-8000-000000000001""#).unwrap()
}

fn event(number: u8) -> EventId {
    let text = format!("01970000-0000-7000-8000-0000000000{number:02x}");
    text.parse().unwrap()
}

#[test]
fn metadata_of_version_1_are_read_and_written_alike() {
    let text = include_str!("fixtures/metadata-v1.json").trim_end();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let trace = TraceContext::new(trace).unwrap();
    let metadata = Metadata::new()
        .with_correlation_id("c-1")
        .with_causation_id("m-1")
        .with_actor("ada")
        .with_tenant("acme")
        .with_trace(trace.with_tracestate("vendor=1"))
        .with_header("channel", "web")
        .with_header("region", "eu");
    assert_eq!(serde_json::from_str::<Metadata>(text).unwrap(), metadata);
    assert_eq!(serde_json::to_string(&metadata).unwrap(), text);
}

#[test]
fn metadata_without_some_fields_or_with_unknown_ones_are_read() {
    let read = |text| serde_json::from_str::<Metadata>(text).unwrap();
    assert!(read("null").is_empty());
    assert!(read("{}").is_empty());
    let later = read(r#"{"actor":"ada","field_of_a_later_version":[1]}"#);
    assert_eq!(later, Metadata::new().with_actor("ada"));
}

#[test]
fn tokens_of_version_1_are_read_and_written_alike() {
    let texts: Vec<&str> = include_str!("fixtures/token-v1.txt").lines().collect();
    let place = |partition, position, id| {
        let (partition, position) = (Partition::new(partition), Position::new(position));
        Checkpoint::new(log(), partition, position, event(id))
    };
    let one = Token::empty(log()).with(place(0, 7, 0x11));
    let two = one.clone().with(place(3, 42, 0x12));
    for (text, token) in texts.into_iter().zip([one, two]) {
        assert_eq!(text.parse::<Token>().unwrap(), token);
        assert_eq!(token.to_string(), text);
        let json = format!("\"{text}\"");
        assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
        assert_eq!(serde_json::to_string(&token).unwrap(), json);
    }
}

#[test]
fn checkpoints_of_version_1_are_read_and_written_alike() {
    let texts = include_str!("fixtures/checkpoint-v1.json").lines();
    let at = Checkpoint::new(log(), Partition::new(3), Position::new(42), event(0x11));
    let start = Checkpoint::start(log(), Partition::FIRST);
    for (text, checkpoint) in texts.zip([at, start]) {
        let read: Checkpoint = serde_json::from_str(text).unwrap();
        assert_eq!(read, checkpoint);
        assert_eq!(serde_json::to_string(&checkpoint).unwrap(), text);
    }
}
