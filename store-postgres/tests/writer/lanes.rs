//! Several connections that append.

use ExpectedVersion::Any;
use annals::store::Append;
use annals::{EventStore, ExpectedVersion, Partition};
use annals_postgres::PostgresStore;
use futures::future::join_all;

use crate::tools::{
    Held, append, begin, connect, empty_log_of, events, number, of_stream, open, stream, waiting,
};

/// Streams, one of each partition.
fn apart(store: &PostgresStore) -> Vec<annals::StreamId> {
    let partitions = store.log().partitions;
    let of = |partition: Partition| {
        let mut all = (0..).map(|n| stream(&n.to_string()));
        all.find(|stream| partitions.of(stream) == partition).unwrap()
    };
    partitions.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_that_cross_partitions_never_deadlock() {
    let database = empty_log_of(8).await;
    let builder = || PostgresStore::builder(database.url()).writers(4).batch(4);
    let stores = [open(builder()).await, open(builder()).await];
    let streams = apart(&stores[0]);
    let appends = (0..600).map(|n: usize| {
        let pick = |nth: usize| streams[(n * 7 + nth * 5 + nth * n) % 8].clone();
        let one = Append::to(pick(0), Any, events(1)).and(pick(1), Any, events(1));
        begin(&stores[n % 2], one.and(pick(2), Any, events(1)))
    });
    for answer in join_all(appends).await {
        answer.unwrap().unwrap();
    }
    let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(number(database.url(), count).await, 0);
    let mut all = 0;
    for stream in &streams {
        all += of_stream(&stores[0], stream).await.len();
    }
    assert_eq!(all, 600 * 3);
}

#[tokio::test]
async fn a_lane_that_waits_holds_up_no_other() {
    let database = empty_log_of(2).await;
    let store = open(PostgresStore::builder(database.url()).writers(2)).await;
    let streams = apart(&store);
    let held = Held::partition(database.url(), 0).await;
    let stuck = begin(&store, Append::to(streams[0].clone(), Any, events(1)));
    waiting(database.url(), 1).await;
    begin(&store, Append::to(streams[1].clone(), Any, events(1))).await.unwrap().unwrap();
    assert!(!stuck.is_finished());
    held.release().await;
    stuck.await.unwrap().unwrap();
}

/// Partitions are locked in rising order: who waits for the first holds none.
#[tokio::test]
async fn who_waits_for_a_low_partition_holds_no_higher_one() {
    let database = empty_log_of(8).await;
    let (store, other) = (connect(database.url()).await, connect(database.url()).await);
    let streams = apart(&store);
    let held = Held::partition(database.url(), 0).await;
    // In falling order, as the caller wants it.
    let last = Append::to(streams[7].clone(), Any, events(1));
    let all = streams[..7].iter().rev().fold(last, |all, one| all.and(one.clone(), Any, events(1)));
    let waits = begin(&store, all);
    waiting(database.url(), 1).await;
    for stream in &streams[1..] {
        append(&other, Append::to(stream.clone(), Any, events(1))).await.unwrap();
    }
    held.release().await;
    waits.await.unwrap().unwrap();
}
