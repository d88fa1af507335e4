//! What the tests of this folder share.

use annals::store::{Append, Appended, NewEvent};
use annals::{EventStore, ExpectedVersion, Partitions, Payload};
use annals_postgres::{MigrationFile, PostgresStore, Schema};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Runs statements as one message.
pub(crate) async fn run(url: &str, statements: &str) {
    let mut connection = connect(url).await;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await.unwrap();
    connection.close().await.unwrap();
}

/// The one text that a query yields.
pub(crate) async fn text(url: &str, query: &str) -> String {
    let mut connection = connect(url).await;
    let text = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    text.unwrap()
}

/// The tables as they were in a version, in the schema `annals`.
pub(crate) async fn migrate_to(url: &str, version: i32) {
    for file in files("annals", 1).iter().filter(|file| file.version <= version) {
        run(url, &file.sql).await;
    }
}

pub(crate) fn files(schema: &str, partitions: u16) -> Vec<MigrationFile> {
    let schema = Schema::new(schema).unwrap();
    PostgresStore::migrations(&schema, Partitions::new(partitions).unwrap())
}

pub(crate) async fn append(store: &PostgresStore, stream: &str, expected: u64) -> Appended {
    let event = NewEvent::new("order.placed", Payload::json("{}").unwrap());
    let expected = ExpectedVersion::Exactly(annals::Version::new(expected));
    let append = Append::to(stream.parse().unwrap(), expected, vec![event]);
    store.append(append).await.unwrap()
}
