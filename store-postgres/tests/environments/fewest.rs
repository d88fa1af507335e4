//! Everything that a store does, at the same time, on as few connections as it can have.

use std::time::Duration;

use annals::snapshot::StoredSnapshot;
use annals::store::{Append, Delivery, LogQuery, StreamQuery};
use annals::{EventId, EventStore, ExpectedVersion, Partition, SnapshotStore, Version};
use annals_postgres::{PostgresStore, PostgresStoreBuilder};
use futures::future::try_join_all;
use futures::{FutureExt, StreamExt, TryStreamExt};

use crate::log::{database, event, number, stream};

/// How many of each are at it.
const HANDS: u64 = 8;
/// How often each does it.
const ROUNDS: u64 = 10;

pub(crate) async fn one_that_writes_and_one_that_reads(
    builder: impl Fn(&str) -> PostgresStoreBuilder,
) {
    let database = database().await;
    let store = builder(database.url()).connect().await.unwrap();
    // Long enough that pages are fetched ahead.
    for _ in 0..2 {
        let events = (0..2_500).map(|_| event()).collect();
        let append = Append::to(stream("long"), ExpectedVersion::Any, events);
        store.append(append).await.unwrap();
    }
    let mut work = Vec::new();
    for hand in 0..HANDS {
        work.push(tokio::spawn(append(store.clone(), hand)));
        work.push(tokio::spawn(load(store.clone())));
        work.push(tokio::spawn(read(store.clone())));
        work.push(tokio::spawn(keep(store.clone(), hand)));
        work.push(tokio::spawn(follow(store.clone())));
    }
    let done = tokio::time::timeout(Duration::from_secs(60), try_join_all(work)).await;
    done.expect("they wait for each other").unwrap();
    let name = database.name();
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
    // The statement's own session, one that writes, two that load, one that reads, one
    // that listens.
    assert!(number(database.url(), &sessions).await <= 6);
}

async fn append(store: PostgresStore, hand: u64) {
    for round in 0..ROUNDS {
        let append = Append::to(stream(hand), Version::new(round), vec![event()]);
        store.append(append).await.unwrap();
    }
}

async fn load(store: PostgresStore) {
    for _ in 0..ROUNDS / 5 {
        // Two at once, of which one is slow: it holds nothing that the other needs.
        let mut slow = store.read(StreamQuery::forwards(stream("long")));
        let first = slow.try_next().await.unwrap();
        assert!(first.is_some());
        let events: Vec<_> =
            store.read(StreamQuery::forwards(stream("long"))).try_collect().await.unwrap();
        assert_eq!(events.len(), 5_000);
        assert_eq!(slow.count().await, 4_999);
    }
}

async fn read(store: PostgresStore) {
    for _ in 0..ROUNDS / 5 {
        let query = LogQuery::partition(Partition::FIRST);
        let events: Vec<_> = store.read_all(query).try_collect().await.unwrap();
        assert!(events.len() >= 5_000);
        store.log_head(Partition::FIRST).await.unwrap();
    }
}

async fn keep(store: PostgresStore, hand: u64) {
    for version in 1..=ROUNDS {
        let snapshot = StoredSnapshot {
            stream: stream(hand),
            version: Version::new(version),
            event: EventId::new(),
            revision: 1,
            fingerprint: 1,
            codec: "json".into(),
            state: "{}".into(),
        };
        assert!(store.save_snapshot(snapshot).await.unwrap());
        assert!(store.load_snapshot(&stream(hand)).await.unwrap().is_some());
    }
}

/// Follows the log until every append was seen.
async fn follow(store: PostgresStore) {
    let mut seen = 0;
    let mut deliveries = store.subscribe(LogQuery::partition(Partition::FIRST));
    while seen < 5_000 + HANDS * ROUNDS {
        if let Delivery::Event(_) = deliveries.try_next().await.unwrap().unwrap() {
            seen += 1;
        }
    }
    assert!(deliveries.next().now_or_never().is_none_or(|next| next.is_some()));
}
