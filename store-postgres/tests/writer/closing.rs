//! The end of a store.

use std::time::Duration;

use ExpectedVersion::{Any, NoStream};
use annals::store::Append;
use annals::{AppendError, ExpectedVersion};

use crate::tools::{
    Held, append, begin, connect, empty_log, events, eventually, of_log, of_stream, stream, waiting,
};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn closing_writes_what_waits_and_refuses_what_comes() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let mut answers = vec![begin(&store, Append::to(stream("first"), NoStream, events(1)))];
    waiting(database.url(), 1).await;
    for n in 0..300 {
        answers.push(begin(&store, Append::to(stream(&n.to_string()), NoStream, events(1))));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut closing = std::pin::pin!(store.close(LONG));
    let begun = tokio::time::timeout(Duration::ZERO, &mut closing).await;
    assert!(begun.is_err(), "it waits");
    let answer = append(&store, Append::to(stream("late"), Any, events(1))).await;
    assert!(matches!(&answer, Err(AppendError::Store(e)) if !e.is_transient()), "{answer:?}");
    held.release().await;
    assert!(closing.await, "all was written in time");
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(of_log(&store).await.len(), 302, "reads go on");
    assert!(store.close(LONG).await, "closing again is nothing");
}

#[tokio::test]
async fn what_was_not_written_in_time_is_answered_with_what_is_true() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    let queued = begin(&store, Append::to(stream("queued"), NoStream, events(1)));
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(!store.close(Duration::from_millis(50)).await, "not all was written");
    let answer = queued.await.unwrap();
    assert!(matches!(&answer, Err(AppendError::Store(_))), "{answer:?}");
    let answer = sent.await.unwrap();
    assert!(matches!(&answer, Err(AppendError::Unknown(_))), "{answer:?}");
    assert!(!store.close(LONG).await, "that is not forgotten");
    held.release().await;
    // Its statement was on its way, and still is.
    let written = async || of_stream(&store, &stream("sent")).await.len() == 1;
    eventually("what was on its way", written).await;
    assert_eq!(of_stream(&store, &stream("queued")).await.len(), 0);
}

#[tokio::test]
async fn who_gives_up_closing_does_not_stop_what_waits() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    let queued = begin(&store, Append::to(stream("queued"), NoStream, events(1)));
    tokio::time::sleep(Duration::from_millis(10)).await;
    let closing = store.close(LONG);
    assert!(tokio::time::timeout(Duration::from_millis(10), closing).await.is_err());
    held.release().await;
    assert!(store.close(LONG).await);
    sent.await.unwrap().unwrap();
    queued.await.unwrap().unwrap();
}

#[tokio::test]
async fn without_handles_what_waits_is_still_written() {
    let database = empty_log().await;
    let (store, other) = (connect(database.url()).await, connect(database.url()).await);
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    let queued = begin(&store, Append::to(stream("queued"), NoStream, events(1)));
    tokio::time::sleep(Duration::from_millis(10)).await;
    sent.abort();
    queued.abort();
    drop(store);
    held.release().await;
    let written = async || of_log(&other).await.len() == 4;
    eventually("what was handed over", written).await;
}

/// Closing does not wait for a server that is away.
#[tokio::test]
async fn a_store_without_a_server_is_closed_at_once() {
    let server = annals_postgres::testing::Server::start().await.unwrap();
    annals_postgres::PostgresStore::migrate(server.url()).await.unwrap();
    let store = connect(&server.url()).await;
    server.stop().await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    let queued = begin(&store, Append::to(stream("queued"), NoStream, events(1)));
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(store.close(LONG).await);
    let answer = queued.await.unwrap();
    assert!(matches!(&answer, Err(AppendError::Store(_))), "{answer:?}");
}
