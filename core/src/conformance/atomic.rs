//! A1 atomic: an append writes all its events or none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Fixture, Subject};
use crate::store::Append;
use crate::{EventStore, ExpectedVersion, Version};
use ExpectedVersion::{Any, Exists, NoStream};

/// Two streams, in two partitions where there are as many: a stale one keeps
/// the other from being written, whichever comes first.
pub async fn a1_an_append_over_two_streams_writes_all_or_nothing<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    log.grow(&one, 1).await;
    let stale_first = Append::to(one.clone(), NoStream, log.events(2)).and(
        other.clone(),
        NoStream,
        log.events(2),
    );
    let stale_last = Append::to(other.clone(), NoStream, log.events(2)).and(
        one.clone(),
        NoStream,
        log.events(2),
    );
    for append in [stale_first, stale_last] {
        let conflict = log.conflict(append).await;
        assert_eq!(conflict.stream, one, "the conflict names the stream that is stale");
        assert_eq!(log.audit().await.len(), 1, "a refused append writes nothing");
    }
    let both = Append::to(other.clone(), NoStream, log.events(2)).and(
        one.clone(),
        Version::new(1),
        log.events(2),
    );
    let done = log.append(both).await;
    let versions: Vec<_> =
        done.writes.iter().map(|write| (&write.stream, write.version.get())).collect();
    assert_eq!(versions, [(&other, 2), (&one, 3)], "every write is done");
    assert_eq!(log.audit().await.len(), 5, "and nothing besides");
}

/// Five writes, each of them stale in turn.
pub async fn a1_one_stale_write_anywhere_keeps_all_from_being_written<F: Fixture>(log: Subject<F>) {
    let streams: Vec<_> = (0..5).map(|key| log.stream(key)).collect();
    for stale in 0..streams.len() {
        let writes = streams.iter().enumerate().map(|(at, stream)| {
            let expected = if at == stale { Exists } else { NoStream };
            Append::to(stream.clone(), expected, log.events(2)).writes
        });
        let writes = writes.flatten().collect();
        let append = Append { writes, ..Append::to(streams[0].clone(), Any, vec![]) };
        assert_eq!(log.conflict(append).await.stream, streams[stale]);
        assert_eq!(log.audit().await, [], "a refused append writes nothing");
    }
}

/// Two streams grow together, while readers look at the one and then at the
/// other: what is in the first one is in the second one as well.
pub async fn a1_no_reader_sees_half_an_append<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let (log, done) = (Arc::new(log), Arc::new(AtomicBool::new(false)));
    let reader = tokio::spawn({
        let (log, done) = (log.clone(), done.clone());
        let (one, other) = (one.clone(), other.clone());
        async move {
            while !done.load(Ordering::Relaxed) {
                for (first, second) in [(&one, &other), (&other, &one)] {
                    let before = log.version(first).await;
                    let after = log.version(second).await;
                    assert!(before <= after, "half an append is seen: {before}, {after}");
                }
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..200 {
        let append = Append::to(one.clone(), Any, log.events(1));
        log.append(append.and(other.clone(), Any, log.events(1))).await;
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
    reader.await.expect("no half append");
    assert_eq!(log.audit().await.len(), 400);
}

/// Later writes of an append see the earlier ones, and share their fate.
pub async fn a1_an_append_may_write_twice_to_a_stream<F: Fixture>(log: Subject<F>) {
    let (stream, other) = (log.stream("twice"), log.stream("between"));
    let twice = |second: ExpectedVersion| {
        Append::to(stream.clone(), NoStream, log.events(2))
            .and(other.clone(), NoStream, log.events(1))
            .and(stream.clone(), second, log.events(3))
    };
    for stale in [NoStream, Version::new(1).into(), Version::new(3).into()] {
        assert_eq!(log.conflict(twice(stale)).await.stream, stream);
        assert_eq!(log.audit().await, [], "a refused append writes nothing");
    }
    let done = log.append(twice(Version::new(2).into())).await;
    let versions: Vec<_> = done.writes.iter().map(|write| write.version.get()).collect();
    assert_eq!(versions, [2, 1, 5]);
    assert_eq!(log.audit().await.len(), 6);
}

/// As many events as the limits allow.
pub async fn a1_the_greatest_append_is_written_whole<F: Fixture>(log: Subject<F>) {
    let most = log.store.log().limits.events;
    let [one, other] = log.apart();
    let (events, more) = (log.events(most - 96), log.events(96));
    let ids: Vec<_> = events.iter().chain(&more).map(|event| event.id).collect();
    let append = Append::to(one.clone(), NoStream, events).and(other.clone(), NoStream, more);
    log.append(append).await;
    let mut found = log.of_stream(&one).await;
    found.extend(log.of_stream(&other).await);
    assert!(found.iter().map(|event| event.id).eq(ids), "all events, in their order");
    assert_eq!(log.audit().await.len(), most);
}
