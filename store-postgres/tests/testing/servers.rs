//! A server starts, stops, dies and comes back.

use annals_postgres::testing::{Server, TestServerError};
use sqlx::{Connection, PgConnection};

use crate::support::{eventually, execute, number, postmaster, runs};

#[tokio::test]
async fn a_server_starts_and_stops_and_starts_again() {
    let server = Server::start().await.unwrap();
    execute(&server.url(), "create table kept (id int)").await;
    let version = "select current_setting('server_version_num')::int8 / 10000";
    assert_eq!(number(&server.url(), version).await, i64::from(server.major_version()));
    server.stop().await.unwrap();
    server.stop().await.unwrap();
    assert!(PgConnection::connect(&server.url()).await.is_err());
    server.restart().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(number(&server.url(), "select count(*) from kept").await, 0);
}

#[tokio::test]
async fn a_dropped_server_leaves_nothing() {
    let server = Server::start().await.unwrap();
    let dir = server.data_dir().parent().unwrap().to_owned();
    let process = postmaster(server.data_dir());
    drop(server);
    eventually("the end of the server", || !dir.exists() && !runs(&process));
}

#[tokio::test]
async fn two_servers_know_nothing_of_each_other() {
    let (one, other) = tokio::join!(Server::start(), Server::start());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.port(), other.port());
    execute(&one.url(), "create database here").await;
    execute(&one.url_of("here"), "create table t (id int)").await;
    assert!(PgConnection::connect(&other.url_of("here")).await.is_err());
}

#[tokio::test]
async fn killed_servers_keep_what_was_committed() {
    let server = Server::builder().fsync(true).start().await.unwrap();
    execute(&server.url(), "create table kept (id int)").await;
    for round in 1..=3 {
        execute(&server.url(), "insert into kept values (1)").await;
        // An open session is a process of its own that has to end.
        let mut session = PgConnection::connect(&server.url()).await.unwrap();
        let process = postmaster(server.data_dir());
        server.kill().await.unwrap();
        assert!(!runs(&process));
        assert!(session.ping().await.is_err());
        server.restart().await.unwrap();
        assert_eq!(number(&server.url(), "select count(*) from kept").await, round);
    }
}

#[tokio::test]
async fn settings_are_those_of_the_caller() {
    let builder = Server::builder().setting("max_connections", "17");
    let server = builder.setting("application_name", r"it's a \ test").start().await.unwrap();
    let query = "select current_setting('max_connections')::int8";
    assert_eq!(number(&server.url(), query).await, 17);
    let query = r"select count(*) from pg_settings where reset_val = 'it''s a \ test'";
    assert_eq!(number(&server.url(), query).await, 1);
    assert!(std::fs::read_to_string(server.log_file()).unwrap().contains("ready to accept"));
}

#[tokio::test]
async fn a_wrong_setting_is_told_with_the_words_of_the_server() {
    let error = Server::builder().setting("max_connection", "1").start().await.unwrap_err();
    let TestServerError::Failed { program, output } = error else { panic!("{error}") };
    assert_eq!(program, "postgres");
    assert!(output.contains("max_connection"), "{output}");
}

#[tokio::test]
async fn without_programs_the_error_says_what_to_install() {
    let builder = Server::builder().bin_dir("/nowhere/bin");
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, TestServerError::NotFound { .. }));
    let text = error.to_string();
    assert!(text.contains("/nowhere/bin") && text.contains("apt-get install postgresql"), "{text}");
}

#[tokio::test]
async fn a_stopped_servers_data_start_another() {
    let first = Server::start().await.unwrap();
    execute(&first.url(), "create table kept as select generate_series(1, 5)").await;
    first.stop().await.unwrap();
    let second = Server::builder().data_from(first.data_dir()).start().await.unwrap();
    first.restart().await.unwrap();
    execute(&first.url(), "drop table kept").await;
    assert_eq!(number(&second.url(), "select count(*) from kept").await, 5);
}

#[tokio::test]
async fn a_standby_follows_and_can_be_promoted() {
    let primary = Server::start().await.unwrap();
    if !has_pg_basebackup(&primary).await {
        return;
    }
    let words = ["--pgdata=copy", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"];
    let status = primary.bin("pg_basebackup").args(words).status().await.unwrap();
    assert!(status.success());
    let copy = primary.scratch_dir().join("copy");
    let standby = Server::builder().data_from(copy).start().await.unwrap();
    execute(&primary.url(), "create table kept (id int)").await;
    let there = "select count(*) from pg_class where relname = 'kept'";
    let began = std::time::Instant::now();
    while number(&standby.url(), there).await == 0 {
        assert!(began.elapsed().as_secs() < 20, "the standby does not follow");
    }
    primary.kill().await.unwrap();
    standby.promote().await.unwrap();
    execute(&standby.url(), "insert into kept values (1)").await;
    assert!(standby.promote().await.is_err());
}

/// Whether the client programs are installed, which some packages leave out.
async fn has_pg_basebackup(server: &Server) -> bool {
    let version = server.bin("pg_basebackup").arg("--version").output().await;
    version.is_ok_and(|output| output.status.success())
}
