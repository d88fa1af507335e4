//! A10 bounded: limits and deadlines are kept, and nobody waits for a reader.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::{Instant, timeout};

use super::tools::at_once;
use super::{Fixture, Subject};
use crate::store::{Append, LogQuery, StreamQuery};
use crate::{AppendError, EventStore, ExpectedVersion};
use ExpectedVersion::Any;

/// Now, a moment ago, and long ago.
pub async fn a10_a_deadline_in_the_past_writes_nothing<F: Fixture>(log: Subject<F>) {
    let now = Instant::now();
    let [one, other] = log.apart();
    for ago in [0, 1, 1_000] {
        let deadline = now.checked_sub(Duration::from_millis(ago)).unwrap_or(now);
        let append =
            Append::to(one.clone(), Any, log.events(1)).and(other.clone(), Any, log.events(1));
        let error = log.refused(append.with_deadline(deadline)).await;
        assert!(matches!(error, AppendError::DeadlineExceeded), "not {error:?}");
    }
    assert_eq!(log.audit().await, []);
}

/// A crowd with a common deadline: everybody is answered soon after it.
pub async fn a10_an_append_is_answered_by_its_deadline<F: Fixture>(log: Subject<F>) {
    let streams = log.together::<2>();
    let wait = Duration::from_millis(250);
    let tries = (0..256).map(|n| {
        let (store, stream) = (log.store.clone(), streams[n % 2].clone());
        let append = Append::to(stream, Any, log.events(1)).with_deadline(Instant::now() + wait);
        async move {
            // The slack is for a loaded machine, not for the store.
            let answer = timeout(wait + Duration::from_secs(5), store.append(append)).await;
            match answer.expect("an answer, long after the deadline") {
                Ok(_) | Err(AppendError::DeadlineExceeded | AppendError::Unknown(_)) => {}
                Err(AppendError::Store(error)) if error.is_transient() => {}
                Err(error) => panic!("the append failed: {error:?}"),
            }
        }
    });
    at_once(tries).await;
    log.audit().await;
}

/// No event more than was asked for, in either direction.
pub async fn a10_a_read_ends_after_its_limit<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    log.grow(&stream, 300).await;
    let home = log.partitions().of(&stream);
    for limit in [0, 1, 2, 100, 128, 129, 299, 300, 301, u64::from(u32::MAX), u64::MAX] {
        let expected = usize::try_from(limit.min(300)).unwrap();
        let forwards = log.read(StreamQuery::forwards(stream.clone()).limit(limit)).await;
        assert!(forwards.iter().map(|event| event.version.get()).eq(1..=limit.min(300)));
        let backwards = log.read(StreamQuery::backwards(stream.clone()).limit(limit)).await;
        assert_eq!(backwards.len(), expected, "backwards, limit {limit}");
        assert!(
            backwards
                .iter()
                .map(|event| event.version.get())
                .eq((301 - limit.min(300)..=300).rev())
        );
        let all = log.read_all(LogQuery::partition(home).limit(limit)).await;
        assert_eq!(all, forwards, "the log, limit {limit}");
    }
}

/// A read that began before a writer ends although the writer goes on.
pub async fn a10_a_read_ends_where_the_log_ended_when_it_began<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    log.grow(&stream, 5).await;
    let query = LogQuery::partition(log.partitions().of(&stream));
    let mut events = Box::pin(log.store.read_all(query));
    let mut seen = 0;
    while let Some(event) = events.next().await {
        event.expect("an event");
        seen += 1;
        // More is appended for each event that is read: a read without an end
        // of its own would go on for ever.
        log.grow(&stream, 2).await;
        assert!(seen <= 1_000, "the read runs after the writer");
    }
    assert!(seen >= 5);
}

/// Readers who stop in the middle, and one who never comes back to read.
pub async fn a10_a_slow_reader_holds_nobody_back<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let home = log.partitions().of(&stream);
    log.grow(&stream, 400).await;
    let mut slow = Box::pin(log.store.subscribe(LogQuery::partition(home)));
    let mut read = Box::pin(log.store.read_all(LogQuery::partition(home)));
    let mut of_stream = Box::pin(log.store.read(StreamQuery::forwards(stream.clone())));
    slow.next().await.expect("a delivery").expect("the first");
    read.next().await.expect("an event").expect("the first");
    of_stream.next().await.expect("an event").expect("the first");
    for _ in 0..30 {
        log.grow(&stream, 40).await;
    }
    assert_eq!(log.of_partition(home).await.len(), 1_600);
    let mut seen = 1;
    while seen < 1_600 {
        if let crate::store::Delivery::Event(event) =
            slow.next().await.expect("more").expect("a delivery")
        {
            seen += 1;
            assert_eq!(event.version.get(), seen, "it goes on where it was");
        }
    }
    assert_eq!(read.count().await, 399, "the read goes on to the end that it had");
    assert!(of_stream.count().await >= 399);
}
