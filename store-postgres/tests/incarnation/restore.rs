//! An older dump is restored below those who follow the log.

use annals::store::{Append, Filter, LogQuery};
use annals::{AppendError, EventStore, ExpectedVersion, Partition, Position, ReadError, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use futures::TryStreamExt;

use crate::support::{
    append, append_many, caught_up, event, execute, failure, from_start, log_on, shared_log,
    stream, within,
};

/// A log of five events, of which there is a dump, and five more.
async fn ten_of_which_five_are_dumped(server: &Server) -> PostgresStore {
    let store = log_on(server).await.connect().await.unwrap();
    append_many(&store, 5).await;
    let mut dump = server.bin("pg_dump");
    dump.args(["--clean", "--if-exists", "--schema=annals", "--file=dump.sql"]);
    assert!(dump.status().await.unwrap().success());
    append_many(&store, 5).await;
    store
}

/// Puts the dump in the place of what is there, in one transaction.
async fn restore(server: &Server) {
    let mut psql = server.bin("psql");
    psql.args(["--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=dump.sql"]);
    let done = psql.output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn beyond(error: &ReadError) -> bool {
    matches!(error, ReadError::BeyondEnd { position, end, .. }
        if (position.get(), end.get()) == (10, 5))
}

#[tokio::test]
async fn who_waits_at_the_end_notices_an_older_dump_though_nothing_is_appended() {
    let server = Server::start().await.unwrap();
    let store = ten_of_which_five_are_dumped(&server).await;
    let (mut all, mut none) = (from_start(&store), {
        let filter = Filter::all().category("order");
        store.subscribe(LogQuery::partition(Partition::FIRST).filter(filter))
    });
    let saved = caught_up(&mut all).await;
    caught_up(&mut none).await;
    let waiting = tokio::spawn(async move { (failure(&mut all).await, failure(&mut none).await) });
    restore(&server).await;
    let (all, none) = waiting.await.unwrap();
    assert!(beyond(&all), "{all:?}");
    assert!(beyond(&none), "{none:?}");
    let resumed = failure(&mut store.subscribe(LogQuery::resume(saved))).await;
    assert!(beyond(&resumed), "{resumed:?}");
    let read = store.read_all(LogQuery::resume(saved)).try_collect::<Vec<_>>().await;
    assert!(beyond(read.as_ref().unwrap_err()), "{read:?}");
}

#[tokio::test]
async fn a_new_tail_that_has_grown_past_a_checkpoint_does_not_hide_the_loss() {
    let server = Server::start().await.unwrap();
    let store = ten_of_which_five_are_dumped(&server).await;
    let mut events = from_start(&store);
    let saved = caught_up(&mut events).await;
    let last = saved.event().unwrap();
    restore(&server).await;
    // Nobody has looked meanwhile.
    append_many(&store, 5).await;
    let behind = Append::to(stream(), ExpectedVersion::Exactly(Version::new(10)), vec![event()]);
    let refused = store.append(behind.behind(last)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Diverged { .. }), "{refused:?}");
    append_many(&store, 5).await;

    let diverged = |error: ReadError| match error {
        ReadError::Diverged { checkpoint } => assert_eq!(*checkpoint, saved),
        error => panic!("{error:?}"),
    };
    diverged(failure(&mut events).await);
    diverged(failure(&mut store.subscribe(LogQuery::resume(saved))).await);
    let read = store.read_all(LogQuery::resume(saved)).try_collect::<Vec<_>>().await;
    diverged(read.unwrap_err());

    // The new tail is a log like any other.
    let mut anew = from_start(&store);
    assert_eq!(caught_up(&mut anew).await.position(), Position::new(15));
}

#[tokio::test]
async fn another_event_in_the_place_of_the_last_is_noticed_though_nothing_is_appended() {
    let log = shared_log().await;
    let url = Server::shared_url().await.unwrap();
    let store = log.connect().await.unwrap();
    append_many(&store, 3).await;
    let mut events = from_start(&store);
    let saved = caught_up(&mut events).await;
    let waiting = tokio::spawn(async move { failure(&mut events).await });
    // What a restore and as many new events as were lost leave behind.
    let table = format!(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE \
        tablename = 'events_0' AND schemaname = '{}'",
        schema_of(url, saved.event().unwrap()).await
    );
    let table = text(url, &table).await;
    execute(url, format!("UPDATE {table} SET id = gen_random_uuid() WHERE position = 3")).await;
    let error = waiting.await.unwrap();
    assert!(matches!(error, ReadError::Diverged { .. }), "{error:?}");
}

/// The schema of the log that holds the event.
async fn schema_of(url: &str, event: annals::EventId) -> String {
    let schemas = "SELECT coalesce(string_agg(schemaname, ','), '') FROM pg_tables \
        WHERE tablename = 'events_0' AND schemaname LIKE 'log\\_%'";
    for schema in text(url, schemas).await.split(',') {
        let held = format!("SELECT count(*)::text FROM \"{schema}\".events_0 WHERE id = '{event}'");
        if text(url, &held).await == "1" {
            return schema.to_owned();
        }
    }
    panic!("no log holds the event")
}

async fn text(url: &str, sql: &str) -> String {
    use sqlx::Connection;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()));
    query.fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_database_that_is_dropped_ends_a_subscription_and_its_older_copy_refuses_it() {
    let server = Server::start().await.unwrap();
    let database = server.database().await.unwrap();
    let (url, name) = (database.url(), database.name());
    PostgresStore::migrate(url).await.unwrap();
    let store = PostgresStore::connect(url).await.unwrap();
    append_many(&store, 5).await;
    let mut dump = server.bin("pg_dump");
    assert!(dump.args(["--file=copy.sql", name]).status().await.unwrap().success());
    append_many(&store, 5).await;
    let mut events = from_start(&store);
    let saved = caught_up(&mut events).await;
    let waiting = tokio::spawn(async move { failure(&mut events).await });
    execute(&server.url(), format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
    let error = within("the error", waiting).await.unwrap();
    assert!(matches!(&error, ReadError::Store(error) if !error.is_transient()), "{error:?}");

    execute(&server.url(), format!("CREATE DATABASE \"{name}\" TEMPLATE template0")).await;
    let mut psql = server.bin("psql");
    psql.args(["--quiet", "--set=ON_ERROR_STOP=1", "--file=copy.sql", "--dbname", name]);
    assert!(psql.output().await.unwrap().status.success());
    // The store was not opened anew.
    let resumed = failure(&mut store.subscribe(LogQuery::resume(saved))).await;
    assert!(beyond(&resumed), "{resumed:?}");
    append(&store).await;
    let end = store.log_head(Partition::FIRST).await.unwrap();
    assert_eq!(end.position(), Position::new(6), "the sequences were restored, too");
}
