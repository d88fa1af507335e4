//! What the tests of the writer share.

use std::time::Duration;

use annals::store::{Append, Appended, LogQuery, NewEvent, StreamQuery};
use annals::{
    AppendError, EventStore, ExpectedVersion, IdempotencyKey, Partition, Payload, RawEvent,
    StreamId,
};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresStore, PostgresStoreBuilder};
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep};

/// A database with an empty log of one partition.
pub(crate) async fn empty_log() -> Database {
    empty_log_of(1).await
}

/// A database with an empty log.
pub(crate) async fn empty_log_of(partitions: u16) -> Database {
    let database = Database::create().await.unwrap();
    PostgresStore::builder(database.url()).partitions(partitions).migrate().await.unwrap();
    database
}

/// Its limits are such that a slow machine does not meet them.
pub(crate) async fn connect(url: &str) -> PostgresStore {
    let long = Duration::from_secs(60);
    open(PostgresStore::builder(url).lock_timeout(long).statement_timeout(long)).await
}

/// A store whose append of one event is prepared, and so sent in one piece from now on.
pub(crate) async fn open(builder: PostgresStoreBuilder) -> PostgresStore {
    let store = builder.connect().await.unwrap();
    append(&store, Append::to(stream("warm"), ExpectedVersion::Any, events(1))).await.unwrap();
    store
}

pub(crate) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).unwrap()
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

pub(crate) fn events(count: usize) -> Vec<NewEvent> {
    (0..count).map(|_| NewEvent::new("account.used", Payload::json("{}").unwrap())).collect()
}

/// Appends; fails the test when no answer comes for a minute.
pub(crate) async fn append(store: &PostgresStore, append: Append) -> Result<Appended, AppendError> {
    let answer = tokio::time::timeout(Duration::from_secs(60), store.append(append)).await;
    answer.expect("an answer within a minute")
}

/// Appends on a task of its own, so that it goes on by itself.
pub(crate) fn begin(
    store: &PostgresStore,
    one: Append,
) -> tokio::task::JoinHandle<Result<Appended, AppendError>> {
    let store = store.clone();
    tokio::spawn(async move { append(&store, one).await })
}

pub(crate) async fn of_stream(store: &PostgresStore, stream: &StreamId) -> Vec<RawEvent> {
    let events = store.read(StreamQuery::forwards(stream.clone()));
    let events: Vec<_> = events.try_collect().await.unwrap();
    let versions: Vec<_> = events.iter().map(|event| event.version.get()).collect();
    assert_eq!(versions, (1..=events.len() as u64).collect::<Vec<_>>(), "without holes");
    events
}

pub(crate) async fn of_log(store: &PostgresStore) -> Vec<RawEvent> {
    let events = store.read_all(LogQuery::partition(Partition::FIRST));
    events.try_collect().await.unwrap()
}

pub(crate) async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) async fn number(url: &str, query: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let number = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    number.unwrap()
}

/// Waits until something holds, for 30 seconds at most.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} has not come");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until so many sessions wait for the order of some partition.
pub(crate) async fn waiting(url: &str, sessions: i64) {
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("a session that waits", async || number(url, waiting).await == sessions).await;
}

/// Another session that holds the order of a partition: nobody appends to it.
pub(crate) struct Held(PgConnection);

impl Held {
    pub(crate) async fn partition(url: &str, partition: u16) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let lock = format!(
            "SELECT pg_advisory_lock('annals.events'::regclass::oid::bigint::bit(32)::int, {partition})"
        );
        connection.execute(AssertSqlSafe(lock)).await.unwrap();
        Self(connection)
    }

    pub(crate) async fn release(self) {
        // The server gives the lock back when the session ends.
        self.0.close().await.unwrap();
    }
}
