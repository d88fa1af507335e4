//! Servers that do not answer, and servers that are gone for a while.

use std::time::Duration;

use ExpectedVersion::{Any, NoStream};
use annals::store::Append;
use annals::{AppendError, ExpectedVersion};
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;
use tokio::time::Instant;

use crate::connect;
use crate::proxy::{Fault, Proxy};
use crate::tools::{append, begin, empty_log, events, of_stream, open, stream};

fn within(time: Duration) -> Instant {
    Instant::now() + time
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_given_up_and_the_writer_goes_on() {
    let database = empty_log().await;
    let proxy = Proxy::before(database.url()).await;
    let builder = PostgresStore::builder(proxy.url()).statement_timeout(Duration::from_millis(100));
    let (store, direct) = (open(builder).await, connect(database.url()).await);
    proxy.arm(Fault::Silence);
    let first = Append::to(stream("first"), NoStream, events(1));
    let hurried = first.clone().with_deadline(within(Duration::from_millis(300)));
    let hurried = begin(&store, hurried);
    while !proxy.has_struck() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waiting = Append::to(stream("second"), NoStream, events(1));
    let waiting = begin(&store, waiting.with_deadline(within(Duration::from_millis(300))));
    let patient = begin(&store, Append::to(stream("third"), NoStream, events(1)));

    // It was on its way; this one had not been begun; and this one can wait.
    let answer = hurried.await.unwrap();
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    let answer = waiting.await.unwrap();
    assert!(matches!(answer, Err(AppendError::DeadlineExceeded)), "{answer:?}");
    patient.await.unwrap().unwrap();
    assert_eq!(of_stream(&direct, &stream("second")).await.len(), 0);
    append(&store, first).await.unwrap();
    assert_eq!(of_stream(&direct, &stream("first")).await.len(), 1);
}

#[tokio::test]
async fn a_restart_while_nobody_appends_goes_unnoticed() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = connect(&server.url()).await;
    // The writer asks a connection that has rested for a tenth of a second.
    let rest = || tokio::time::sleep(Duration::from_millis(150));
    server.restart().await.unwrap();
    rest().await;
    append(&store, Append::to(stream("one"), Any, events(1))).await.unwrap();
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    rest().await;
    append(&store, Append::to(stream("one"), Any, events(1))).await.unwrap();
    assert_eq!(of_stream(&store, &stream("one")).await.len(), 2);
}

#[tokio::test]
async fn while_the_server_is_away_deadlines_are_kept_and_later_appends_work() {
    let server = Server::start().await.unwrap();
    PostgresStore::migrate(server.url()).await.unwrap();
    let store = connect(&server.url()).await;
    server.stop().await.unwrap();
    let one = Append::to(stream("one"), Any, events(1));
    let hurried = one.clone().with_deadline(within(Duration::from_millis(300)));
    // The writer may have met the end of the server with the append in hand.
    tokio::time::sleep(Duration::from_millis(150)).await;
    let answer = append(&store, hurried).await;
    assert!(matches!(answer, Err(AppendError::DeadlineExceeded)), "{answer:?}");
    let patient = begin(&store, one);
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.restart().await.unwrap();
    patient.await.unwrap().unwrap();
    assert_eq!(of_stream(&store, &stream("one")).await.len(), 1);
}
