//! Connections break and servers restart: a subscription goes on where it was.

use annals::EventStore;
use annals::store::LogQuery;
use annals_postgres::testing::Server;
use futures::TryStreamExt;

use crate::support::{append, append_many, caught_up, execute, from_start, log_on, next, until};

const OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
const LISTENING: &str = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";

#[tokio::test]
async fn no_restart_and_no_broken_connection_loses_or_doubles_an_event() {
    let server = Server::start().await.unwrap();
    let log = log_on(&server).await;
    let (writer, reader) = (log.clone().connect().await.unwrap(), log.connect().await.unwrap());
    let mut events = from_start(&reader);
    caught_up(&mut events).await;
    let following = tokio::spawn(async move {
        let mut positions = Vec::new();
        while positions.len() < 25 {
            positions.push(next(&mut events).await);
        }
        (positions, events)
    });

    append_many(&writer, 5).await;
    until(&server.url(), LISTENING, |listening| listening == 1).await;
    execute(&server.url(), OTHERS).await;
    append_many(&writer, 5).await;
    server.restart().await.unwrap();
    append_many(&writer, 5).await;
    server.kill().await.unwrap();
    // Somebody appends while the server is away.
    let waits = {
        let writer = writer.clone();
        tokio::spawn(async move { append(&writer).await })
    };
    server.restart().await.unwrap();
    waits.await.unwrap();
    append_many(&writer, 9).await;

    let (positions, mut events) = following.await.unwrap();
    // A killed server may leave a gap in the positions.
    let all = LogQuery::partition(annals::Partition::FIRST);
    let stored: Vec<_> = reader.read_all(all).try_collect().await.unwrap();
    let stored: Vec<_> = stored.iter().map(|event| event.position.get()).collect();
    assert_eq!(positions, stored);

    let last = append(&writer).await;
    next(&mut events).await;
    assert_eq!(caught_up(&mut events).await.event(), Some(last));
}

#[tokio::test]
async fn a_subscription_may_begin_while_the_server_is_away() {
    let server = Server::start().await.unwrap();
    let store = log_on(&server).await.connect().await.unwrap();
    append_many(&store, 2).await;
    let head = store.log_head(annals::Partition::FIRST).await.unwrap();
    server.stop().await.unwrap();
    let mut events = store.subscribe(LogQuery::resume(head));
    let began = tokio::spawn(async move { caught_up(&mut events).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    server.restart().await.unwrap();
    assert_eq!(began.await.unwrap(), head);
}
