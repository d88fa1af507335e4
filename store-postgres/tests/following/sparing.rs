//! What following costs, and what it leaves behind.

use std::time::Duration;

use annals::EventStore;
use annals_postgres::PostgresStore;
use annals_postgres::testing::{Database, Server};
use futures::StreamExt;
use futures::future::join_all;

use crate::support::{append, caught_up, count, execute, from_start, next, shared_log, until};

const LISTENING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND query LIKE 'LISTEN%'";
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";
const TRANSACTIONS: &str =
    "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";

const MANY: usize = 200;

#[tokio::test]
async fn many_subscriptions_share_one_connection_and_one_look() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    PostgresStore::migrate(url).await.unwrap();
    let looks = Duration::from_millis(200);
    let store = PostgresStore::builder(url).poll_interval(looks).connect().await.unwrap();
    let mut all: Vec<_> = (0..MANY).map(|_| from_start(&store)).collect();
    join_all(all.iter_mut().map(caught_up)).await;
    let waiting: Vec<_> = all
        .into_iter()
        .map(|mut events| tokio::spawn(async move { (next(&mut events).await, events) }))
        .collect();
    until(url, LISTENING, |listening| listening == 1).await;

    // A session reports its counts when it has been idle for a while, of up to
    // 10 s: those of the catching up may come only now, about two each.
    let before = count(url, TRANSACTIONS).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let made = count(url, TRANSACTIONS).await - before;
    // One look for all is 20; a look of each would be 4,000.
    assert!(made < 1_000, "{made} transactions while nothing happened");
    assert_eq!(count(url, LISTENING).await, 1);

    append(&store).await;
    let mut all = Vec::new();
    for waits in waiting {
        let (position, events) = waits.await.unwrap();
        assert_eq!(position, 1);
        all.push(events);
    }
    drop(all);
    until(url, LISTENING, |listening| listening == 0).await;
}

#[tokio::test]
async fn a_dropped_store_leaves_no_connection_behind() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    PostgresStore::migrate(url).await.unwrap();
    let store = PostgresStore::connect(url).await.unwrap();
    let mut events = from_start(&store);
    append(&store).await;
    assert_eq!(next(&mut events).await, 1);
    let waiting = tokio::spawn(async move { next(&mut events).await });
    until(url, LISTENING, |listening| listening == 1).await;
    waiting.abort();
    assert!(waiting.await.is_err());
    drop(store);
    until(url, SESSIONS, |sessions| sessions == 0).await;
}

#[tokio::test]
async fn a_look_for_nothing_is_not_delivered() {
    let log = shared_log().await;
    let (writer, store) = (log.clone().connect().await.unwrap(), log.connect().await.unwrap());
    let mut events = from_start(&store);
    // The later ones show that it listens.
    for position in 1..=5 {
        append(&writer).await;
        assert_eq!(next(&mut events).await, position);
    }
    caught_up(&mut events).await;
    let waiting = tokio::time::timeout(Duration::from_secs(1), events.next());
    let lies = async {
        for position in 100..110 {
            let channel = format!("annals_{}", store.log().id.as_uuid().simple());
            let lie = format!("SELECT pg_notify('{channel}', '0={position}')");
            execute(Server::shared_url().await.unwrap(), lie).await;
        }
    };
    let (more, ()) = tokio::join!(waiting, lies);
    assert!(more.is_err(), "{more:?}");
}
