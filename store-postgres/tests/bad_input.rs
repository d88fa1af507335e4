//! What cannot be written is refused by a typed error, in time, and harms nothing that
//! was acknowledged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;

use std::time::Duration;

use annals::codec::InvalidPayload;
use annals::store::{Append, InvalidAppend, Limits, NewEvent, StreamQuery};
use annals::{
    AppendError, Codec, EventStore, ExpectedVersion, Metadata, Payload, StreamId, Version,
};
use annals_postgres::PostgresStore;
use futures::TryStreamExt;
use log::{append, bulk, database, event, stream, version};

fn any(events: Vec<NewEvent>) -> Append {
    Append::to(stream(1), ExpectedVersion::Any, events)
}

/// What an append is refused with, before it is sent.
async fn invalid(store: &PostgresStore, append: Append) -> InvalidAppend {
    match store.append(append).await {
        Err(AppendError::Invalid(invalid)) => invalid,
        other => panic!("it should have been refused: {other:?}"),
    }
}

/// Whatever limit is raised, an answer must come.
async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(100), answer).await.expect("an answer in time")
}

#[test]
fn what_postgres_could_not_read_back_is_no_payload() {
    for text in [r#"{"a":"\u0000"}"#, "\"\\u0000\"", "{\"a\":\"\0\"}", "{", ""] {
        assert!(Payload::json(text).is_err(), "{text:?}");
    }
    let nul: Result<Payload, InvalidPayload> = Payload::encode(Codec::Json, &"a\0b");
    assert!(nul.is_err());
    assert!(StreamId::new("a", "b\0c").is_err());
    assert!(annals::IdempotencyKey::new("a\0b").is_err());
}

#[tokio::test]
async fn nul_in_a_binary_payload_is_kept_and_in_metadata_refused() {
    let database = database().await;
    let store = PostgresStore::connect(database.url()).await.unwrap();
    let payload = Payload::encode(Codec::MessagePack, &"a\0b").unwrap();
    store.append(any(vec![NewEvent::new("happened", payload.clone())])).await.unwrap();
    let query = StreamQuery::forwards(stream(1));
    let events: Vec<_> = store.read(query).try_collect().await.unwrap();
    assert_eq!(events[0].event, payload);

    let metadata = Metadata::new().with_header("a", "b\0c");
    let refused = invalid(&store, any(vec![event().with_metadata(metadata)])).await;
    assert!(matches!(refused, InvalidAppend::NulInMetadata { .. }), "{refused}");
}

#[tokio::test]
async fn events_beyond_the_limits_are_refused_with_the_limit() {
    let database = database().await;
    let store = PostgresStore::connect(database.url()).await.unwrap();
    let refused = invalid(&store, any(vec![bulk(300 << 20)])).await;
    let InvalidAppend::PayloadTooLarge { limit, .. } = refused else { panic!("{refused}") };
    assert_eq!(limit, Limits::default().payload_bytes);

    let many = (0..10_000).map(|_| event()).collect::<Vec<_>>();
    let refused = invalid(&store, any(many.clone())).await;
    assert!(matches!(refused, InvalidAppend::TooManyEvents { events: 10_000, limit: 4_096 }));

    let mut limits = Limits::default();
    limits.events = 10_000;
    let store = PostgresStore::builder(database.url()).limits(limits).connect().await.unwrap();
    let appended = store.append(any(many)).await.unwrap();
    assert_eq!(appended.writes[0].version, Version::new(10_000));
    let query = StreamQuery::forwards(stream(1));
    let events: Vec<_> = store.read(query).try_collect().await.unwrap();
    assert_eq!(events.len(), 10_000);
}

/// A store whose user has raised every limit.
async fn unlimited(url: &str) -> PostgresStore {
    let mut limits = Limits::default();
    limits.events = usize::MAX;
    limits.payload_bytes = usize::MAX;
    limits.metadata_bytes = usize::MAX;
    limits.append_bytes = usize::MAX;
    let builder = PostgresStore::builder(url).limits(limits);
    let builder = builder.statement_timeout(Duration::from_secs(60));
    builder.append_timeout(Duration::from_secs(90)).connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_postgres_can_hold_is_written_where_its_user_raised_the_limit() {
    let database = database().await;
    let store = unlimited(database.url()).await;
    let large = bulk(32 << 20);
    in_time(store.append(any(vec![large.clone()]))).await.unwrap();
    let query = StreamQuery::forwards(stream(1));
    let events: Vec<_> = in_time(store.read(query).try_collect()).await.unwrap();
    assert!(events[0].event == large.payload, "another payload was read");
}

/// PostgreSQL takes no message of 1 GiB or more, and ends the connection that sends one.
#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_cannot_take_is_refused_whatever_limits_were_set() {
    let database = database().await;
    let store = unlimited(database.url()).await;
    let refused = invalid(&store, any(vec![bulk(300 << 20)])).await;
    let InvalidAppend::PayloadTooLarge { limit, .. } = refused else { panic!("{refused}") };
    let event = bulk(limit);
    let event = || NewEvent::new("happened", event.payload.clone());
    let refused = invalid(&store, any(vec![event(), event(), event()])).await;
    assert!(matches!(refused, InvalidAppend::AppendTooLarge { .. }), "{refused}");

    if std::env::var_os("ANNALS_LONG_TESTS").is_some() {
        // Nothing counts the escapes of these before they are written as JSON.
        let metadata = Metadata::new().with_header("a", "\u{1}".repeat(150 << 20));
        let refused = store.append(any(vec![log::event().with_metadata(metadata)])).await;
        let Err(AppendError::Store(refused)) = refused else { panic!("{refused:?}") };
        assert!(!refused.is_transient(), "{refused}");

        // All that is allowed can be written: it takes some GiB of memory.
        in_time(store.append(any(vec![event(), event()]))).await.unwrap();
        let most = (0..store.log().limits.events).map(|_| log::event()).collect();
        in_time(store.append(any(most))).await.unwrap();
    }
    store.append(append(2)).await.unwrap();
    assert_eq!(version(&store, 2).await, 1);
}
