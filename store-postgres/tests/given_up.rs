//! Work that is given up in the middle leaves no transaction open behind it.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "helpers/models.rs"]
mod models;

use std::time::Duration;

use annals::ReadModelStore;
use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::{EventId, StreamId, Version};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use futures::FutureExt;
use models::{Log, balances, heartbeat};
use sqlx::{Connection, PgConnection};

/// Polls a future so many times, a moment apart, and drops it.
async fn give_up(work: impl Future, polls: u32) {
    let mut work = Box::pin(work);
    for _ in 0..polls {
        if work.as_mut().now_or_never().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_micros(150)).await;
    }
}

/// How many sessions lie idle in a transaction, when all has come to rest.
async fn left_open(database: &Database) -> i64 {
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND state LIKE 'idle in transaction%'";
    sqlx::query_scalar(idle).fetch_one(&mut owner).await.unwrap()
}

#[tokio::test]
async fn a_step_that_is_given_up_leaves_no_transaction_open() {
    let database = Database::create().await.unwrap();
    PostgresReadModels::migrate(database.url()).await.unwrap();
    let store = PostgresReadModels::builder(database.url()).pool_size(1).connect().await.unwrap();
    let model = balances(&Log::new(), 1);
    store.declare(&model).await.unwrap();
    let share = store.share(&heartbeat(&model, Duration::from_secs(20))).await.unwrap();
    for polls in (0..12).cycle().take(60) {
        give_up(store.begin(&share.leases[0]), polls).await;
        assert_eq!(left_open(&database).await, 0, "given up at poll {polls}");
        give_up(store.models(None), polls).await;
        assert_eq!(left_open(&database).await, 0, "given up at poll {polls}");
    }
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_no_transaction_open() {
    let database = Database::create().await.unwrap();
    PostgresStore::migrate(database.url()).await.unwrap();
    let store = PostgresStore::builder(database.url()).pool_size(1).connect().await.unwrap();
    let snapshot = |version| StoredSnapshot {
        stream: StreamId::new("test", 1).unwrap(),
        version: Version::new(version),
        event: EventId::new(),
        revision: 1,
        fingerprint: 1,
        codec: "json".into(),
        state: "{}".into(),
    };
    let mut written = PgConnection::connect(database.url()).await.unwrap();
    for (round, polls) in (1_u64..).zip((0..12).cycle().take(60)) {
        give_up(store.save_snapshot(snapshot(2 * round)), polls).await;
        assert_eq!(left_open(&database).await, 0, "given up at poll {polls}");
        store.save_snapshot(snapshot(2 * round + 1)).await.unwrap();
        let version = sqlx::query_scalar::<_, i64>("SELECT version FROM annals.snapshots");
        let version = version.fetch_one(&mut written).await.unwrap();
        assert_eq!(version.cast_unsigned(), 2 * round + 1, "it was committed");
    }
}
