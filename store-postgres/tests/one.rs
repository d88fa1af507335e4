//! The two functions that write events do the same, where both can.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "these are tests")]

use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use sqlx::{Connection, PgConnection};

/// What a writer may expect of a stream with two events, `a` and `b`, and of an empty one.
const EXPECTED: &[i64] = &[-1, -2, 0, 1, 2, 3];
const BEHIND: &[&str] = &["NULL", "md5('a')::uuid", "md5('b')::uuid"];

const EVENT: &str = "'n', 3, '{\"a\":1}', NULL, NULL, '{\"user\":\"u\"}', '2020-01-02T03:04:05Z'";

fn one(stream: &str, expected: i64, behind: &str, id: &str) -> String {
    format!(
        "SELECT version FROM annals.append_one(false, '{stream}', 1::smallint, {expected}, \
         {behind}, md5('{id}')::uuid, {EVENT})"
    )
}

fn batch(stream: &str, expected: i64, behind: &str, id: &str) -> String {
    format!(
        "SELECT nullif(versions[1], -1) FROM annals.append('1s', false, false, '{{1}}', \
         '{{{stream}}}', '{{1}}', '{{1}}', '{{{expected}}}', array[{behind}]::uuid[], '{{1}}', \
         array[md5('{id}')::uuid], '{{0}}', '{{NULL}}', '{{1}}', NULL, NULL, NULL, NULL, '{{1}}', \
         '{{0}}', array[md5('{id}')::uuid], '{{n}}', '{{3}}', array['{{\"a\":1}}'], NULL, NULL, \
         array['{{\"user\":\"u\"}}'], array['2020-01-02T03:04:05Z'::timestamptz], NULL)"
    )
}

/// A log whose stream `full-1` has the events `a` and `b`.
async fn log() -> (Database, PgConnection) {
    let database = Database::create().await.unwrap();
    PostgresStore::builder(database.url()).partitions(2).migrate().await.unwrap();
    let mut db = PgConnection::connect(database.url()).await.unwrap();
    for id in ["a", "b"] {
        number(&mut db, &batch("full-1", -1, "NULL", id)).await.unwrap();
    }
    (database, db)
}

async fn number(db: &mut PgConnection, sql: &str) -> Option<i64> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(db).await.unwrap()
}

/// All events, but for the times of recording.
async fn events(db: &mut PgConnection) -> Vec<String> {
    let all =
        "SELECT (to_jsonb(e) - 'recorded_at')::text FROM annals.events AS e ORDER BY position";
    sqlx::query_scalar(all).fetch_all(db).await.unwrap()
}

#[tokio::test]
async fn one_event_is_written_or_refused_as_a_batch_of_it() {
    let ((_one, mut by_one), (_batch, mut by_batch)) = (log().await, log().await);
    let mut written = 0;
    for stream in ["full-1", "empty-1"] {
        for (&expected, behind) in EXPECTED.iter().flat_map(|e| BEHIND.iter().map(move |b| (e, b)))
        {
            let id = format!("{stream} {expected} {behind}").replace('\'', "");
            let mut versions = Vec::new();
            for (db, call) in
                [(&mut by_one, one as fn(&str, i64, &str, &str) -> String), (&mut by_batch, batch)]
            {
                let mut tx = db.begin().await.unwrap();
                let call = call(stream, expected, behind, &id);
                versions.push((number(&mut tx, &call).await, events(&mut tx).await));
                tx.rollback().await.unwrap();
            }
            assert_eq!(versions[0].0, versions[1].0, "{id}");
            written += usize::from(versions[0].0.is_some());
        }
    }
    // Behind `b` or anything, at any version, at an existing one, or at 2; and in the empty
    // stream behind nothing, at any version or at 0.
    assert_eq!(written, 3 * 2 + 2);
}

#[tokio::test]
async fn what_is_written_is_the_same_but_for_its_time() {
    let ((_one, mut by_one), (_batch, mut by_batch)) = (log().await, log().await);
    for (stream, id) in [("full-1", "c"), ("empty-1", "d"), ("full-1", "e")] {
        let version = number(&mut by_one, &one(stream, -1, "NULL", id)).await;
        assert_eq!(version, number(&mut by_batch, &batch(stream, -1, "NULL", id)).await);
    }
    let all = events(&mut by_one).await;
    assert_eq!(all.len(), 5);
    assert_eq!(all, events(&mut by_batch).await);
}

#[tokio::test]
async fn it_writes_nothing_where_a_batch_is_refused() {
    let (_database, mut db) = log().await;
    let before = events(&mut db).await;
    let serializable = "SET default_transaction_isolation = 'serializable'";
    let behind = "SELECT setval('annals.positions_1', 1)";
    let healthy = "RESET default_transaction_isolation";
    for (spoil, repair) in [(serializable, healthy), (behind, healthy)] {
        sqlx::raw_sql(spoil).execute(&mut db).await.unwrap();
        assert_eq!(number(&mut db, &one("full-1", -1, "NULL", "c")).await, None, "{spoil}");
        sqlx::raw_sql(repair).execute(&mut db).await.unwrap();
    }
    assert_eq!(events(&mut db).await, before);
    sqlx::raw_sql("SELECT setval('annals.positions_1', 2); SET synchronous_commit = off")
        .execute(&mut db)
        .await
        .unwrap();
    let durable = one("full-1", -1, "NULL", "c").replacen("false", "true", 1);
    assert_eq!(number(&mut db, &durable).await, None, "it would not be durable");
    assert_eq!(number(&mut db, &one("full-1", -1, "NULL", "c")).await, Some(3));
}

/// A time of recording never falls within a partition, also where the clock does.
#[tokio::test]
async fn times_do_not_fall() {
    let (_database, mut db) = log().await;
    let late = "UPDATE annals.events SET recorded_at = '2222-01-01' WHERE version = 2";
    sqlx::raw_sql(late).execute(&mut db).await.unwrap();
    number(&mut db, &one("full-1", -1, "NULL", "c")).await.unwrap();
    let early =
        "SELECT count(*) FROM annals.events WHERE version = 3 AND recorded_at < '2222-01-01'";
    assert_eq!(number(&mut db, early).await, Some(0));
}
