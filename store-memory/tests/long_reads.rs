//! A read of a store that never waits still lets others run.

use std::time::Duration;

use annals::store::{Append, LogQuery, NewEvent, StreamQuery};
use annals::{EventStore, ExpectedVersion, Partition, Payload, StreamId};
use annals_memory::MemoryStore;
use futures::StreamExt;

#[tokio::test(start_paused = true)]
async fn a_long_read_leaves_room_for_its_own_deadline() {
    let store = MemoryStore::new();
    let stream: StreamId = "account-1".parse().unwrap();
    for _ in 0..10 {
        let payload = Payload::json("1").unwrap();
        let events = (0..4_000).map(|_| NewEvent::new("account.opened", payload.clone()));
        let append = Append::to(stream.clone(), ExpectedVersion::Any, events.collect());
        store.append(append).await.unwrap();
    }
    let of_stream = || store.read(StreamQuery::forwards(stream.clone())).count();
    let of_log = || store.read_all(LogQuery::partition(Partition::FIRST)).count();
    assert_eq!((of_stream().await, of_log().await), (40_000, 40_000));
    // The clock stands still until every task waits: that the time is up shows
    // that the read did not keep the thread for itself.
    let now = Duration::ZERO;
    assert!(tokio::time::timeout(now, of_stream()).await.is_err());
    assert!(tokio::time::timeout(now, of_log()).await.is_err());
}
