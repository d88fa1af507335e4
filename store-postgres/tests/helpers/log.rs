//! Databases, statements and events for the tests beside this folder.

#![allow(dead_code, reason = "each test file uses some of it")]

use annals::store::{Append, NewEvent};
use annals::{EventId, EventStore, ExpectedVersion, Payload, StreamId};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database with a log in it.
pub(crate) async fn database() -> Database {
    let database = Database::create().await.unwrap();
    PostgresStore::migrate(database.url()).await.unwrap();
    database
}

/// Executes statements on a connection of their own.
pub(crate) async fn execute(url: &str, statements: &str) {
    attempt(url, statements).await.unwrap();
}

/// The same, of statements that may fail.
pub(crate) async fn attempt(url: &str, statements: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let done = connection.execute(AssertSqlSafe(statements)).await;
    connection.close().await.ok();
    done.map(|_| ())
}

/// The SQLSTATE with which statements fail.
pub(crate) async fn refusal(url: &str, statements: &str) -> String {
    match attempt(url, statements).await {
        Ok(()) => panic!("it was not refused: {statements}"),
        Err(error) => {
            let database = error.as_database_error();
            let database = database.unwrap_or_else(|| panic!("{statements}: {error}"));
            database.code().unwrap_or_default().into_owned()
        }
    }
}

/// The one number that a query yields.
pub(crate) async fn number(url: &str, query: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let number = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await;
    connection.close().await.ok();
    number.unwrap_or_else(|error| panic!("{query}: {error}"))
}

pub(crate) fn stream(key: impl std::fmt::Display) -> StreamId {
    StreamId::new("test", key).unwrap()
}

pub(crate) fn event() -> NewEvent {
    sized(1)
}

/// An event with a payload of about this many bytes.
pub(crate) fn sized(bytes: usize) -> NewEvent {
    NewEvent::new("happened", Payload::json(format!("\"{}\"", "x".repeat(bytes))).unwrap())
}

/// An event of this many bytes. It is a MessagePack array of bytes, which is checked at
/// once, however long it is.
pub(crate) fn bulk(bytes: usize) -> NewEvent {
    let mut payload = vec![0x61; bytes];
    payload[0] = 0xc6;
    payload[1..5].copy_from_slice(&u32::try_from(bytes - 5).unwrap().to_be_bytes());
    NewEvent::new("happened", Payload::msgpack(payload).unwrap())
}

/// The same, of bytes that cannot be compressed.
pub(crate) fn noise(bytes: usize) -> NewEvent {
    let length = u32::try_from(bytes - 5).unwrap().to_be_bytes();
    let mut payload = vec![0xc6];
    payload.extend(length);
    let mut random = 0x9e37_79b9_7f4a_7c15u64 ^ EventId::new().as_uuid().as_u64_pair().1;
    while payload.len() < bytes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        payload.extend(random.to_le_bytes());
    }
    payload.truncate(bytes);
    NewEvent::new("happened", Payload::msgpack(payload).unwrap())
}

/// Appends one event, whatever is there.
pub(crate) fn append(key: impl std::fmt::Display) -> Append {
    Append::to(stream(key), ExpectedVersion::Any, vec![event()])
}

/// How many events a stream has.
pub(crate) async fn version(store: &PostgresStore, key: impl std::fmt::Display) -> u64 {
    let head = store.stream_head(&stream(key)).await.unwrap();
    head.map_or(0, |head| head.version.get())
}
