//! A database is empty, its own, and gone with its value.

use annals_postgres::testing::{Database, Server, TestServerError};
use sqlx::{Connection, PgConnection};

use crate::support::{execute, number};

/// How many databases of that name the shared server has.
async fn count(name: &str) -> i64 {
    let query = format!("select count(*) from pg_database where datname = '{name}'");
    number(Server::shared_url().await.unwrap(), &query).await
}

#[tokio::test]
async fn a_database_is_dropped_with_its_value() {
    let database = Database::create().await.unwrap();
    let name = database.name().to_owned();
    let _session = PgConnection::connect(database.url()).await.unwrap();
    assert_eq!(count(&name).await, 1);
    drop(database);
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn a_database_is_dropped_by_a_panic() {
    let database = Database::create().await.unwrap();
    let name = database.name().to_owned();
    let task = tokio::spawn(async move {
        let _database = database;
        panic!("as a failing test does");
    });
    task.await.unwrap_err();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test]
async fn a_closed_database_is_gone() {
    let database = Database::create().await.unwrap();
    let name = database.name().to_owned();
    database.close().await.unwrap();
    assert_eq!(count(&name).await, 0);
}

#[tokio::test(start_paused = true)]
async fn copies_have_the_rows_of_their_template_and_then_their_own() {
    let template = Database::create().await.unwrap();
    execute(template.url(), "create table t as select generate_series(1, 3)").await;
    let copies = futures::future::join_all((0..4).map(|_| template.copy())).await;
    for copy in copies {
        let copy = copy.unwrap();
        assert_eq!(number(copy.url(), "select count(*) from t").await, 3);
        execute(copy.url(), "delete from t").await;
    }
    assert_eq!(number(template.url(), "select count(*) from t").await, 3);
}

#[tokio::test]
async fn a_copy_waits_for_the_sessions_of_its_template() {
    let template = Database::create().await.unwrap();
    let session = PgConnection::connect(template.url()).await.unwrap();
    let waiting = template.copy();
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        session.close().await.unwrap();
    };
    let (copy, ()) = tokio::join!(waiting, ending);
    copy.unwrap();
}

#[test]
fn the_shared_server_outlives_a_runtime() {
    let urls: Vec<_> = std::iter::repeat_with(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = Database::create().await.unwrap();
            execute(database.url(), "create table t (id int)").await;
            Server::shared_url().await.unwrap()
        })
    })
    .take(2)
    .collect();
    assert_eq!(urls[0], urls[1]);
}

#[tokio::test]
async fn a_database_of_a_killed_server_does_not_hold_up_its_drop() {
    let server = Server::start().await.unwrap();
    let (one, other) = (server.database().await.unwrap(), server.database().await.unwrap());
    server.kill().await.unwrap();
    let began = std::time::Instant::now();
    drop(one);
    assert!(began.elapsed().as_secs() < 4);
    assert!(matches!(other.close().await, Err(TestServerError::Connect(_))));
}
