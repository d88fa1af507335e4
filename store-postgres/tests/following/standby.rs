//! Partitions are read from a standby, streams are not.

use std::error::Error;
use std::time::Duration;

use annals::store::{LogQuery, StreamQuery};
use annals::{EventStore, Partition, Position, ReadError, Version};
use annals_postgres::PostgresStore;
use annals_postgres::testing::{Database, Server};
use futures::{StreamExt, TryStreamExt};

use crate::support::{
    NEVER, append, append_many, caught_up, count, execute, failure, from_start, log_on, next,
    replicated, standby_of, stream, until, within,
};

const REPLAY: &str = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'startup' \
    AND pg_get_wal_replay_pause_state() = 'paused'";

async fn pause(standby: &Server) {
    execute(&standby.url(), "SELECT pg_wal_replay_pause()").await;
    until(&standby.url(), REPLAY, |paused| paused == 1).await;
}

async fn resume(standby: &Server) {
    execute(&standby.url(), "SELECT pg_wal_replay_resume()").await;
}

#[tokio::test]
async fn partitions_are_followed_on_the_standby_and_streams_are_read_from_the_primary() {
    let primary = Server::start().await.unwrap();
    let log = log_on(&primary).await;
    let writer = log.clone().connect().await.unwrap();
    let standby = standby_of(&primary).await;
    let log = log.read_from(standby.url()).poll_interval(NEVER);
    let store = log.connect().await.unwrap();
    let mut events = from_start(&store);
    // Told by the primary, looked up on the standby, which may have it later.
    for position in 1..=10 {
        append(if position % 2 == 0 { &writer } else { &store }).await;
        assert_eq!(next(&mut events).await, position);
    }
    let old = caught_up(&mut events).await;

    pause(&standby).await;
    // It waits, is told, and finds that the standby does not have it yet.
    let waiting = tokio::spawn(async move { next(&mut events).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    append(&writer).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let new = writer.log_head(Partition::FIRST).await.unwrap();
    assert_eq!(store.log_head(Partition::FIRST).await.unwrap(), old, "read on the standby");
    let all = LogQuery::partition(Partition::FIRST);
    assert_eq!(store.read_all(all).try_collect::<Vec<_>>().await.unwrap().len(), 10);
    let head = store.stream_head(&stream()).await.unwrap().unwrap();
    assert_eq!(head.version, Version::new(11), "read on the primary");
    let backwards = StreamQuery::backwards(stream()).limit(1);
    let newest: Vec<_> = store.read(backwards).try_collect().await.unwrap();
    assert_eq!(newest[0].position, Position::new(11));
    let forwards: Vec<_> = store.read(StreamQuery::forwards(stream())).try_collect().await.unwrap();
    assert_eq!(forwards.len(), 11);

    // A read says at once what a subscription waits for.
    let read = store.read_all(LogQuery::resume(new)).try_collect::<Vec<_>>().await;
    assert!(matches!(read, Err(ReadError::BeyondEnd { .. })), "{read:?}");
    let mut resumed = store.subscribe(LogQuery::resume(new));
    let early = tokio::time::timeout(Duration::from_millis(300), resumed.next()).await;
    assert!(early.is_err(), "{early:?}");
    resume(&standby).await;
    assert_eq!(caught_up(&mut resumed).await, new);
    assert_eq!(within("the event", waiting).await.unwrap(), 11);
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    assert_eq!(count(&standby.url(), listening).await, 0, "a standby refuses to listen");
}

#[tokio::test]
async fn a_server_that_holds_another_log_is_not_read() {
    let (ours, other) = (Database::create().await.unwrap(), Database::create().await.unwrap());
    for database in [&ours, &other] {
        PostgresStore::migrate(database.url()).await.unwrap();
    }
    let store = PostgresStore::builder(ours.url()).read_from(other.url());
    let store = store.connect().await.unwrap();
    append(&PostgresStore::connect(other.url()).await.unwrap()).await;
    let error = failure(&mut from_start(&store)).await;
    assert!(matches!(&error, ReadError::Store(error) if !error.is_transient()), "{error:?}");
    assert!(error.source().unwrap().to_string().contains("another log"), "{error:?}");
}

#[tokio::test]
async fn what_a_standby_never_receives_is_beyond_its_end() {
    let primary = Server::start().await.unwrap();
    let log = log_on(&primary).await;
    let writer = log.clone().connect().await.unwrap();
    append_many(&writer, 2).await;
    let standby = standby_of(&primary).await;
    replicated(&standby, Position::new(2)).await;
    pause(&standby).await;
    append(&writer).await;
    let new = writer.log_head(Partition::FIRST).await.unwrap();
    let store = log.read_from(standby.url()).connect().await.unwrap();
    let mut resumed = store.subscribe(LogQuery::resume(new));
    let error = within("the limit", failure(&mut resumed)).await;
    let ReadError::BeyondEnd { position, end, .. } = error else { panic!("{error:?}") };
    assert_eq!((position, end), (new.position(), Position::new(2)));
}

/// Who decides on what is read is given what was acknowledged, and not what the standby
/// has received of it.
#[tokio::test]
async fn the_newest_is_read_from_the_primary() {
    let primary = Server::start().await.unwrap();
    let log = log_on(&primary).await;
    let writer = log.clone().connect().await.unwrap();
    append_many(&writer, 2).await;
    let standby = standby_of(&primary).await;
    replicated(&standby, Position::new(2)).await;
    pause(&standby).await;
    append(&writer).await;
    let store = log.read_from(standby.url()).connect().await.unwrap();
    let read = async |query| store.read_all(query).try_collect::<Vec<_>>().await.unwrap().len();
    let all = LogQuery::partition(Partition::FIRST);
    assert_eq!(read(all.clone()).await, 2, "the standby lags");
    assert_eq!(read(all.newest()).await, 3);
}
