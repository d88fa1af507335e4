//! A6 acknowledged is durable, as far as handles can tell.

use futures::StreamExt;

use super::tools::{assert_repeats, key};
use super::{Fixture, Subject};
use crate::store::{Append, Delivery, LogQuery};
use crate::{EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, NoStream};

/// What one handle acknowledged, all others read in the same moment.
pub async fn a6_an_append_is_seen_through_every_handle_at_once<F: Fixture>(log: Subject<F>) {
    let handles = [log.reopened().await, log.reopened().await];
    let streams = log.apart();
    for round in 0..20 {
        let (writer, reader) = (&handles[round % 2], &handles[(round + 1) % 2]);
        let stream = &streams[round / 2 % 2];
        let done = writer.grow(stream, 1 + round % 3).await;
        let written = &done.writes[0];
        let last = reader.of_stream(stream).await.pop().expect("an event");
        assert_eq!((last.id, last.version), (written.last, written.version));
        assert_eq!(reader.version(stream).await, written.version, "the stream's head");
        let partition = reader.of_partition(written.partition).await;
        assert_eq!(partition.last(), Some(&last), "the partition's last event");
        let head = reader.store.log_head(written.partition).await.expect("the head");
        assert_eq!(head, written.checkpoint(done.log), "the partition's head");
    }
    assert_eq!(log.audit().await, handles[0].audit().await);
}

/// The handle which acknowledged is gone before the log is opened again.
pub async fn a6_an_append_outlives_the_handle_that_acknowledged_it<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let mut log = log;
    for round in 1..=5_u64 {
        let append = Append::to(one.clone(), Version::new(round - 1), log.events(1)).and(
            other.clone(),
            Any,
            log.events(2),
        );
        log.append(append).await;
        let before = log.audit().await;
        let next = log.reopened().await;
        drop(log);
        assert_eq!(next.audit().await, before, "nothing is lost, nothing is new");
        log = next;
    }
    assert_eq!(log.audit().await.len(), 15);
}

/// Another handle checks versions and knows repeats and keys as this one does.
pub async fn a6_every_handle_knows_versions_and_repeats<F: Fixture>(log: Subject<F>) {
    let (other, stream) = (log.reopened().await, log.stream("shared"));
    let append = Append::to(stream.clone(), NoStream, log.events(2));
    let first = log.append(append.clone()).await;
    let conflict = other.conflict(Append::to(stream.clone(), NoStream, other.events(1))).await;
    assert_eq!(conflict.actual, Version::new(2));
    assert_repeats(&other.append(append).await, &first);
    let keyed =
        |log: &Subject<F>| Append::to(stream.clone(), Any, log.events(1)).with_key(key("k"));
    let first = log.append(keyed(&log)).await;
    assert_repeats(&other.append(keyed(&other)).await, &first);
    let outcome = other.store.outcome(&stream, &key("k")).await.expect("an answer");
    assert_repeats(&outcome.expect("an outcome"), &first);
    assert_eq!(other.audit().await.len(), 3);
}

/// A subscription hears of what other handles append.
pub async fn a6_a_subscription_follows_every_handle<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let query = LogQuery::partition(log.partitions().of(&stream));
    let mut deliveries = Box::pin(log.store.subscribe(query));
    let mut expected = Vec::new();
    for _ in 0..5 {
        let other = log.reopened().await;
        expected.push(other.grow(&stream, 1).await.writes[0].last);
        loop {
            let delivery = deliveries.next().await.expect("it goes on").expect("a delivery");
            if let Delivery::Event(event) = delivery {
                assert_eq!(Some(&event.id), expected.last());
                break;
            }
        }
    }
}
