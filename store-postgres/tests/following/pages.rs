//! Reads of events that are too large for a page, or of which there is no news.

use std::time::Duration;

use annals::store::{Append, Filter, Limits, LogQuery, NewEvent, StreamQuery};
use annals::{EventStore, ExpectedVersion, Partition, Payload, RawEvent, ReadError};
use annals_postgres::PostgresStore;
use annals_postgres::testing::{Database, Server};
use futures::TryStreamExt;
use futures::future::join_all;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::Instant;

use crate::proxy::Proxy;
use crate::support::{append, log_on, stream, within};

async fn append_sized(store: &PostgresStore, bytes: usize) {
    let payload = Payload::json(format!("\"{}\"", "x".repeat(bytes))).unwrap();
    let event = NewEvent::new("account.deposited", payload);
    store.append(Append::to(stream(), ExpectedVersion::Any, vec![event])).await.unwrap();
}

/// The same events, read in all ways.
async fn read(store: &PostgresStore, way: usize) -> Vec<RawEvent> {
    let all = LogQuery::partition(Partition::FIRST);
    let events = match way {
        0 => store.read(StreamQuery::forwards(stream())),
        1 => store.read(StreamQuery::backwards(stream())),
        2 => store.read_all(all),
        _ => store.read_all(all.filter(Filter::all().category("account"))),
    };
    let mut events: Vec<_> = within("the events", events.try_collect::<Vec<_>>()).await.unwrap();
    if way == 1 {
        events.reverse();
    }
    events
}

fn are_whole(events: &[RawEvent], count: u64) {
    let versions: Vec<_> = events.iter().map(|event| event.version.get()).collect();
    assert_eq!(versions, (1..=count).collect::<Vec<_>>());
}

#[tokio::test]
async fn large_events_cost_a_connection_once_and_not_with_every_page() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let proxy = Proxy::to(server.port()).await;
    let store = PostgresStore::connect(proxy.url()).await.unwrap();
    for _ in 0..60 {
        append_sized(&store, 500_000).await;
    }
    for way in 0..4 {
        let before = proxy.accepted();
        are_whole(&read(&store, way).await, 60);
        // The one that was thrown away, and the one in its place: there are 7 pages.
        let opened = proxy.accepted() - before;
        assert!(opened <= 3, "way {way}: {opened}");
    }
}

#[tokio::test]
async fn events_that_are_larger_than_a_page_come_one_by_one() {
    let server = Server::start().await.unwrap();
    let mut limits = Limits::default();
    limits.payload_bytes = 8 << 20;
    let store = log_on(&server).await.limits(limits).connect().await.unwrap();
    for bytes in [5_000_000, 10, 5_000_000, 6_000_000, 5_000_000, 10, 10] {
        append_sized(&store, bytes).await;
    }
    for way in 0..4 {
        are_whole(&read(&store, way).await, 7);
    }
}

#[tokio::test]
async fn a_load_waits_no_longer_than_a_read_may_take() {
    let database = Database::create().await.unwrap();
    PostgresStore::migrate(database.url()).await.unwrap();
    let builder = PostgresStore::builder(database.url()).read_timeout(Duration::from_millis(300));
    let store = builder.connect().await.unwrap();
    append(&store).await;
    let mut holder = PgConnection::connect(database.url()).await.unwrap();
    holder.execute(r#"BEGIN; LOCK TABLE "annals".events"#).await.unwrap();
    let began = Instant::now();
    let loads = (0..200).map(|_| {
        let events = store.read(StreamQuery::forwards(stream()));
        events.try_collect::<Vec<_>>()
    });
    for answer in join_all(loads).await {
        let error = answer.unwrap_err();
        assert!(matches!(&error, ReadError::Store(e) if e.is_transient()), "{error:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    holder.execute("ROLLBACK").await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(read(&store, 0).await.len(), 1);
}
