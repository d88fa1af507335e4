//! Tools of the tests about following.

use std::time::Duration;

use annals::store::{Append, Delivery, DeliveryStream, LogQuery, NewEvent};
use annals::{
    AppendError, Checkpoint, EventId, EventStore, ExpectedVersion, Partition, Payload, Position,
    ReadError, StreamId,
};
use annals_postgres::testing::Server;
use annals_postgres::{PostgresStore, PostgresStoreBuilder};
use futures::StreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Longer than any test takes: what comes only by looking now and then does not come.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// A bound against hanging, not a measure.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(60), future).await;
    done.unwrap_or_else(|_| panic!("{what} has not come within a minute"))
}

/// A log of its own on the server that the tests share.
pub(crate) async fn shared_log() -> PostgresStoreBuilder {
    let url = Server::shared_url().await.unwrap();
    let log =
        PostgresStore::builder(url).schema(&format!("log_{}", EventId::new().as_uuid().simple()));
    log.migrate().await.unwrap();
    log
}

/// The log of a server of one's own.
pub(crate) async fn log_on(server: &Server) -> PostgresStoreBuilder {
    let log = PostgresStore::builder(server.url());
    log.migrate().await.unwrap();
    log
}

pub(crate) fn stream() -> StreamId {
    StreamId::new("account", 1).unwrap()
}

pub(crate) fn event() -> NewEvent {
    NewEvent::new("account.deposited", Payload::json("{}").unwrap())
}

/// Appends one event behind the last, whatever happens to the server meanwhile;
/// returns its id.
pub(crate) async fn append(store: &PostgresStore) -> EventId {
    let append = async {
        let key = annals::store::IdempotencyKey::new(EventId::new().to_string()).unwrap();
        let event = event();
        let append = Append::to(stream(), ExpectedVersion::Any, vec![event.clone()]).with_key(key);
        loop {
            match store.append(append.clone()).await {
                Ok(_) => return event.id,
                Err(AppendError::Unknown(_)) => {}
                Err(AppendError::Store(error)) if error.is_transient() => {}
                Err(error) => panic!("{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("an append", append).await
}

pub(crate) async fn append_many(store: &PostgresStore, events: usize) {
    for _ in 0..events {
        append(store).await;
    }
}

pub(crate) fn from_start(store: &PostgresStore) -> DeliveryStream {
    store.subscribe(LogQuery::partition(Partition::FIRST))
}

/// The position of the next event.
pub(crate) async fn next(deliveries: &mut DeliveryStream) -> u64 {
    loop {
        match within("an event", deliveries.next()).await.expect("no end").expect("no error") {
            Delivery::Event(event) => return event.position.get(),
            _ => continue,
        }
    }
}

/// Reads to the end; returns where that is.
pub(crate) async fn caught_up(deliveries: &mut DeliveryStream) -> Checkpoint {
    loop {
        match within("the end", deliveries.next()).await.expect("no end").expect("no error") {
            Delivery::CaughtUp(checkpoint) => return checkpoint,
            _ => continue,
        }
    }
}

/// The error with which a subscription ends; no event may come before it.
pub(crate) async fn failure(deliveries: &mut DeliveryStream) -> ReadError {
    loop {
        match within("an error", deliveries.next()).await.expect("an error before the end") {
            Ok(Delivery::Event(event)) => panic!("an event at {}", event.position),
            Ok(_) => continue,
            Err(error) => return error,
        }
    }
}

pub(crate) async fn execute(url: &str, sql: impl Into<String>) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.unwrap();
}

/// A number from the database.
pub(crate) async fn count(url: &str, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
    count.fetch_one(&mut connection).await.unwrap()
}

/// Waits until the database says so.
pub(crate) async fn until(url: &str, sql: &str, wanted: impl Fn(i64) -> bool) {
    let reached = async {
        while !wanted(count(url, sql).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(sql, reached).await;
}

/// A server that replicates another one, and follows it for as long as both live.
pub(crate) async fn standby_of(primary: &Server) -> Server {
    let dir = primary.scratch_dir().join("standby");
    let mut copy = primary.bin("pg_basebackup");
    copy.arg("--pgdata").arg(&dir).args(["--write-recovery-conf", "--checkpoint=fast"]);
    assert!(copy.status().await.unwrap().success());
    Server::builder().data_from(dir).start().await.unwrap()
}

/// Waits until the standby has replayed what the log of the primary holds.
pub(crate) async fn replicated(standby: &Server, end: Position) {
    let sql = r#"SELECT coalesce(max(position), 0) FROM "annals".events"#;
    until(&standby.url(), sql, |found| found.cast_unsigned() >= end.get()).await;
}
