//! What is refused, and what can be done behind it.

use std::time::Duration;

use annals::store::InvalidAppend;
use annals::{AppendError, EventStore, ExpectedVersion};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::Instant;

use crate::support::{Shop, append, sell};

const NEW: ExpectedVersion = ExpectedVersion::NoStream;

/// The code of a refusal by the database.
fn code(error: &sqlx::Error) -> String {
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

#[tokio::test]
async fn what_is_wrong_with_the_append_itself_is_told_at_once_and_harms_nothing() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    let mut staging = shop.store.in_transaction(&mut tx);

    let mut imported = append("order-1", NEW).imported();
    imported.writes[0].events[0].recorded_at = Some(time::OffsetDateTime::UNIX_EPOCH);
    let refused = staging.append(imported).await.unwrap_err();
    let import = InvalidAppend::ImportInTransaction;
    assert!(matches!(refused, AppendError::Invalid(why) if why == import));

    let mut empty = append("order-1", NEW);
    empty.writes.clear();
    let refused = staging.append(empty).await.unwrap_err();
    assert!(matches!(refused, AppendError::Invalid(InvalidAppend::NoEvents { .. })));

    let late = append("order-1", NEW).with_deadline(Instant::now());
    let refused = staging.append(late).await.unwrap_err();
    assert!(matches!(refused, AppendError::DeadlineExceeded));

    staging.append(append("order-1", NEW)).await.unwrap();
    assert_eq!(shop.store.commit(tx).await.unwrap().len(), 1);
    assert_eq!(shop.pieces().await, 9);
}

#[tokio::test]
async fn a_deadline_that_has_passed_before_the_commit_undoes_the_transaction() {
    let shop = Shop::open().await;
    for plain in [false, true] {
        let mut tx = shop.pool.begin().await.unwrap();
        sell(&mut tx, 1).await;
        let soon = Instant::now() + Duration::from_millis(500);
        let soon = append("order-1", NEW).with_deadline(soon);
        let mut staging = shop.store.in_transaction(&mut tx);
        staging.append(soon).await.unwrap();
        staging.append(append("order-2", NEW)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        if plain {
            assert_eq!(code(&tx.commit().await.unwrap_err()), "AN013");
        } else {
            let refused = shop.store.commit(tx).await.unwrap_err();
            assert!(matches!(refused, AppendError::DeadlineExceeded));
        }
        assert_eq!((shop.pieces().await, shop.events("order-2").await.len()), (10, 0));
    }
}

#[tokio::test]
async fn another_isolation_and_a_commit_that_is_not_durable_are_refused() {
    let shop = Shop::open().await;
    for (setting, advice) in [
        ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "AN001"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "AN001"),
        ("SET LOCAL synchronous_commit = off", "AN002"),
    ] {
        let mut tx = shop.pool.begin().await.unwrap();
        tx.execute(setting).await.unwrap();
        let refused = shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await;
        let refused = refused.unwrap_err();
        assert!(matches!(&refused, AppendError::Store(e) if e.to_string().contains(advice)));
    }
    // Also where it is turned off behind the append.
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    tx.execute("SET LOCAL synchronous_commit = off").await.unwrap();
    let refused = shop.store.commit(tx).await.unwrap_err();
    assert!(matches!(&refused, AppendError::Store(e) if e.to_string().contains("AN002")));
    assert_eq!(shop.events("order-1").await.len(), 0);
}

#[tokio::test]
async fn outside_of_a_transaction_nothing_is_appended() {
    let shop = Shop::open().await;
    let mut connection = shop.stranger().await;
    let refused = shop.store.in_transaction(&mut connection).append(append("order-1", NEW)).await;
    let refused = refused.unwrap_err();
    assert!(matches!(&refused, AppendError::Store(e) if e.to_string().contains("AN004")));
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (0, 0));
}

#[tokio::test]
async fn what_would_keep_the_lock_over_a_round_trip_is_refused() {
    let shop = Shop::open().await;
    let early = [
        "SET CONSTRAINTS ALL IMMEDIATE",
        "set /* a */ constraints -- b\n all immediate",
        "DO $$ BEGIN SET CONSTRAINTS ALL IMMEDIATE; END $$",
        "SET CONSTRAINTS annals.place IMMEDIATE",
    ];
    for early in early {
        let mut tx = shop.pool.begin().await.unwrap();
        shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
        let refused = sqlx::raw_sql(early).execute(&mut *tx).await.unwrap_err();
        assert_eq!(code(&refused), "AN004", "{early}");
    }
    // Before the append, so that it would be placed as it is staged.
    let mut tx = shop.pool.begin().await.unwrap();
    tx.execute("SET CONSTRAINTS ALL IMMEDIATE").await.unwrap();
    let refused = shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await;
    assert!(matches!(refused, Err(AppendError::Store(e)) if e.to_string().contains("AN004")));
    drop(tx);
    // What ends with the commit in the same message holds nobody up.
    for end in ["COMMIT", "end;", "/* a */ Commit Work -- b", "SELECT 1; COMMIT AND NO CHAIN ;"] {
        let mut connection = shop.stranger().await;
        connection.execute("BEGIN").await.unwrap();
        let any = append("order-1", ExpectedVersion::Any);
        shop.store.in_transaction(&mut connection).append(any).await.unwrap();
        connection.execute(sqlx::raw_sql(end)).await.unwrap();
    }
    // By way of a prepared statement.
    let mut connection = shop.stranger().await;
    connection.execute("BEGIN").await.unwrap();
    let any = append("order-1", ExpectedVersion::Any);
    shop.store.in_transaction(&mut connection).append(any).await.unwrap();
    sqlx::query("COMMIT").execute(&mut connection).await.unwrap();
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (5, 0));
}

#[tokio::test]
async fn a_prepared_transaction_is_refused() {
    let server = Server::builder().setting("max_prepared_transactions", "4").start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    for prepare in [
        "PREPARE TRANSACTION 'a'",
        "/* commit; */ prepare\n transaction 'a'",
        "PREPARE TRANSACTION 'a'; COMMIT",
    ] {
        connection.execute("BEGIN").await.unwrap();
        store.in_transaction(&mut connection).append(append("order-1", NEW)).await.unwrap();
        let refused = sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await;
        assert_eq!(code(&refused.unwrap_err()), "AN004");
        connection.execute("ROLLBACK").await.unwrap();
    }
    let prepared = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM pg_prepared_xacts");
    assert_eq!(prepared.fetch_one(&mut connection).await.unwrap(), 0);
    store.append(append("order-1", NEW)).await.unwrap();
}

#[tokio::test]
async fn an_application_may_execute_two_functions_and_needs_no_table() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let rights = "CREATE ROLE clerk; GRANT USAGE ON SCHEMA annals TO clerk;
        GRANT EXECUTE ON FUNCTION annals.stage, annals.before_commit TO clerk; SET ROLE clerk";
    sqlx::raw_sql(rights).execute(&mut connection).await.unwrap();
    let mut tx = connection.begin().await.unwrap();
    store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    assert_eq!(store.commit(tx).await.unwrap().len(), 1);
    let forbidden = [
        "SELECT FROM annals.staged",
        "DELETE FROM annals.staged",
        "UPDATE annals.staged SET turn = true",
        "INSERT INTO annals.staged (xact, number) VALUES ('1', 1)",
        "SELECT annals.place_one(NULL, NULL)",
        "SELECT annals.create_log(NULL, NULL)",
    ];
    for statement in forbidden {
        let refused = connection.execute(statement).await.unwrap_err();
        assert_eq!(code(&refused), "42501", "{statement}");
    }
}

#[tokio::test]
async fn a_constraint_of_the_user_that_fails_undoes_the_append() {
    let shop = Shop::open().await;
    let table =
        "CREATE TABLE reserved (article int REFERENCES stock DEFERRABLE INITIALLY DEFERRED)";
    shop.pool.execute(table).await.unwrap();
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    tx.execute("INSERT INTO reserved VALUES (77)").await.unwrap();
    let refused = shop.store.commit(tx).await.unwrap_err();
    assert!(matches!(&refused, AppendError::Store(e) if e.to_string().contains("23503")));
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (0, 0));
}

#[tokio::test]
async fn a_transaction_in_which_a_statement_has_failed_is_not_committed() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    tx.execute("SELECT 1 / 0").await.unwrap_err();
    assert!(matches!(shop.store.commit(tx).await, Err(AppendError::Store(_))));
    assert_eq!(shop.events("order-1").await.len(), 0);
}

#[tokio::test]
async fn a_session_without_triggers_places_what_it_has_staged() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    tx.execute("SET LOCAL session_replication_role = replica").await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (1, 0));
}

#[tokio::test]
async fn a_transaction_stages_a_thousand_appends_and_no_more() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    let mut staging = shop.store.in_transaction(&mut tx);
    for _ in 0..1_000 {
        staging.append(append("order-1", ExpectedVersion::Any)).await.unwrap();
    }
    let mut savepoint = tx.begin().await.unwrap();
    let more = append("order-1", ExpectedVersion::Any);
    let refused = shop.store.in_transaction(&mut savepoint).append(more).await.unwrap_err();
    assert!(matches!(&refused, AppendError::Store(e) if e.to_string().contains("1000")));
    savepoint.rollback().await.unwrap();
    let appended = shop.store.commit(tx).await.unwrap();
    assert_eq!(appended.last().unwrap().writes[0].version.get(), 1_000);
}

#[tokio::test]
async fn a_transaction_on_the_database_of_another_log_is_refused() {
    let (ours, theirs) = (Shop::open().await, Shop::open().await);
    let mut tx = theirs.pool.begin().await.unwrap();
    let refused = ours.store.in_transaction(&mut tx).append(append("order-1", NEW)).await;
    assert!(matches!(&refused, Err(AppendError::Store(e)) if e.to_string().contains("AN007")));
    tx.rollback().await.unwrap();
    assert_eq!((theirs.events("order-1").await.len(), theirs.staged().await), (0, 0));
}

#[tokio::test]
async fn a_store_that_was_closed_takes_no_append_of_a_transaction() {
    let shop = Shop::open().await;
    assert!(shop.store.close(Duration::from_secs(10)).await);
    let mut tx = shop.pool.begin().await.unwrap();
    let refused = shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await;
    assert!(matches!(&refused, Err(AppendError::Store(e)) if !e.is_transient()), "{refused:?}");
}
