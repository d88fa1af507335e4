//! What cannot be connected to is told apart, with what to do, and without waiting.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;

use std::time::{Duration, Instant};

use annals::{AppendError, EventStore};
use annals_postgres::testing::{Database, Server};
use annals_postgres::{ConnectError, MigrateError, PostgresStore};
use log::{append, database, execute, version};

/// What connecting fails with, and what it says.
async fn refused(url: &str) -> (ConnectError, String) {
    let error = PostgresStore::connect(url).await.expect_err("it should have been refused");
    let text = error.to_string();
    (error, text)
}

/// The same of a migration, which must not go further than a store.
async fn unmigrated(url: &str) -> ConnectError {
    match PostgresStore::migrate(url).await.expect_err("it should have been refused") {
        MigrateError::Connect(error) => error,
        error => panic!("{error}"),
    }
}

/// The URL with another user.
fn user(url: &str, name: &str) -> String {
    let (before, after) = url.split_once('@').unwrap();
    let scheme = &before[..before.find("://").unwrap() + 3];
    format!("{scheme}{name}@{after}")
}

#[tokio::test]
async fn a_url_that_does_not_parse_is_refused_without_being_repeated() {
    for url in ["s3cret", "postgres://u:s3cret@h:no/d", "postgres://u:1/s3cret@h/d"] {
        let (error, text) = refused(url).await;
        assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{text}");
        assert!(matches!(unmigrated(url).await, ConnectError::InvalidUrl { .. }));
        assert!(!format!("{text}{error:?}").contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, text) = refused(&format!("postgres://127.0.0.1:{port}/d")).await;
    assert!(matches!(&error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(error.is_transient());
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_longer_than_the_limit() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://127.0.0.1:{}/d", listener.local_addr().unwrap().port());
    let began = Instant::now();
    let builder = PostgresStore::builder(&url).connect_timeout(Duration::from_millis(200));
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(9), "it was waited for");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let url = Server::shared_url().await.unwrap();
    let at = url.rfind('/').unwrap();
    let (error, text) = refused(&format!("{}/nowhere", &url[..at])).await;
    assert!(matches!(error, ConnectError::NoSuchDatabase { .. }), "{error:?}");
    assert!(text.contains("`nowhere`"), "{text}");
}

#[tokio::test]
async fn a_missing_log_is_told_from_one_of_another_version() {
    let database = Database::create().await.unwrap();
    let (error, text) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::NoLog { .. }), "{error:?}");
    assert!(text.contains("PostgresStore::migrate"), "{text}");

    PostgresStore::migrate(database.url()).await.unwrap();
    execute(database.url(), "UPDATE annals.migrations SET version = 0 WHERE version = (SELECT max(version) FROM annals.migrations)").await;
    execute(database.url(), "DELETE FROM annals.migrations WHERE version > 0").await;
    let (error, _) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::SchemaIsOlder { found: 0, .. }), "{error:?}");

    execute(database.url(), "INSERT INTO annals.migrations VALUES (999, 'later')").await;
    let (error, text) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::SchemaIsNewer { found: 999, .. }), "{error:?}");
    assert!(text.contains("upgrade the program"), "{text}");
    let error = PostgresStore::migrate(database.url()).await.unwrap_err();
    assert!(matches!(error, MigrateError::SchemaIsNewer { found: 999, .. }), "{error:?}");
}

#[tokio::test]
async fn a_schema_whose_name_is_none_is_refused() {
    let url = Server::shared_url().await.unwrap();
    for name in ["", "pg_log", "1st", "a\"b", "a b", &"x".repeat(49)] {
        let error = PostgresStore::builder(url).schema(name).connect().await.unwrap_err();
        assert!(matches!(error, ConnectError::InvalidSchema(_)), "{name}: {error:?}");
        let error = PostgresStore::builder(url).schema(name).migrate().await.unwrap_err();
        let MigrateError::Connect(ConnectError::InvalidSchema(_)) = error else {
            panic!("{error}")
        };
    }
}

#[tokio::test]
async fn another_number_of_partitions_is_refused() {
    let database = database().await;
    let builder = PostgresStore::builder(database.url()).partitions(2);
    let error = builder.clone().connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::PartitionsDiffer { found: 1, wanted: 2 }), "{error:?}");
    let error = builder.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::PartitionsDiffer { found: 1, wanted: 2 }), "{error:?}");
}

#[tokio::test]
async fn a_database_that_keeps_no_unicode_is_refused() {
    let database = Database::create().await.unwrap();
    let name = format!("{}_latin", database.name());
    let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    execute(database.url(), &make).await;
    let url = database.url().replace(database.name(), &name);
    let error = unmigrated(&url).await;
    let ConnectError::Encoding { found } = &error else { panic!("{error}") };
    assert_eq!(found, "LATIN1");
    assert!(error.to_string().contains("ENCODING 'UTF8'"), "{error}");
    execute(database.url(), &format!("DROP DATABASE {name}")).await;
}

#[tokio::test]
async fn a_database_that_commits_asynchronously_is_refused_unless_that_is_allowed() {
    let database = database().await;
    let set = format!("ALTER DATABASE {} SET synchronous_commit = off", database.name());
    execute(database.url(), &set).await;
    let (error, _) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::AsynchronousCommit), "{error:?}");
    let store = PostgresStore::builder(database.url()).allow_asynchronous_commit().connect().await;
    store.unwrap().append(append(1)).await.unwrap();
}

#[tokio::test]
async fn a_sequence_that_stands_behind_its_events_is_refused() {
    let database = database().await;
    let store = PostgresStore::connect(database.url()).await.unwrap();
    store.append(append(1)).await.unwrap();
    store.append(append(1)).await.unwrap();
    execute(database.url(), "SELECT setval('annals.positions_0', 1)").await;
    let (error, text) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::SequenceBehind { .. }), "{error:?}");
    assert!(text.contains("set it to the last position"), "{text}");
    // Who was connected before writes nothing either.
    let error = store.append(append(1)).await.unwrap_err();
    assert!(matches!(error, AppendError::Store(_)), "{error:?}");
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_lacks() {
    let database = database().await;
    let name = format!("{}_role", database.name());
    execute(database.url(), &format!("CREATE ROLE {name} LOGIN")).await;
    let url = user(database.url(), &name);
    let (error, text) = refused(&url).await;
    assert!(matches!(error, ConnectError::MissingRights { .. }), "{error:?}");
    assert!(text.contains(&name) && text.contains("roles script"), "{text}");
    let error = PostgresStore::migrate(&url).await.unwrap_err();
    assert!(matches!(error, MigrateError::MissingRights { .. }), "{error:?}");

    let revoke = format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name());
    execute(database.url(), &revoke).await;
    let (error, _) = refused(&url).await;
    assert!(matches!(error, ConnectError::MissingRights { .. }), "{error:?}");
    execute(database.url(), &format!("DROP ROLE {name}")).await;
}

#[tokio::test]
async fn a_database_that_only_reads_is_refused() {
    let database = database().await;
    let set = format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name());
    execute(database.url(), &set).await;
    let (error, text) = refused(database.url()).await;
    assert!(matches!(error, ConnectError::ReadOnly), "{error:?}");
    assert!(text.contains("default_transaction_read_only"), "{text}");
    assert!(matches!(unmigrated(database.url()).await, ConnectError::ReadOnly));
}

#[tokio::test]
async fn a_server_that_comes_to_only_read_refuses_appends_and_takes_them_again() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = PostgresStore::connect(server.url()).await.unwrap();
    store.append(append(1)).await.unwrap();

    let only_read = async |on: &str| {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {on}");
        execute(&server.url(), &set).await;
        execute(&server.url(), "SELECT pg_reload_conf()").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    only_read("on").await;
    let began = Instant::now();
    let error = loop {
        // Each session learns of it when it likes.
        match store.append(append(2)).await {
            Ok(_) => assert!(began.elapsed() < Duration::from_secs(10), "it is still written to"),
            Err(error) => break error,
        }
    };
    let AppendError::Store(error) = error else { panic!("{error:?}") };
    assert!(error.is_transient() && error.to_string().contains("only read"), "{error}");
    assert_eq!(version(&store, 1).await, 1);

    // ALTER SYSTEM is no transaction that writes.
    only_read("off").await;
    let began = Instant::now();
    while store.append(append(1)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not written to again");
    }
    assert_eq!(version(&store, 1).await, 2);
}

#[tokio::test]
async fn a_standby_is_refused_as_the_server_to_append_to() {
    let primary = Server::start().await.unwrap();
    PostgresStore::migrate(primary.url()).await.unwrap();
    // It waits for a primary that it does not know, and needs none here.
    primary.stop().await.unwrap();
    let signal = primary.bin("touch").arg(primary.data_dir().join("standby.signal")).status().await;
    assert!(signal.unwrap().success());
    let standby = Server::builder().data_from(primary.data_dir()).start().await.unwrap();
    let (error, text) = refused(&standby.url()).await;
    assert!(matches!(error, ConnectError::Standby), "{error:?}");
    assert!(text.contains("connect to the primary"), "{text}");
    assert!(matches!(unmigrated(&standby.url()).await, ConnectError::Standby));
}
