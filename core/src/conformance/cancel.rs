//! A9 cancel-safe: a dropped append is whole or nothing, and harms no other.

use std::time::Duration;

use super::tools::{POLLS, at_once, polled};
use super::{Fixture, Subject};
use crate::store::Append;
use crate::{EventStore, ExpectedVersion, StreamId};
use ExpectedVersion::{Any, NoStream};

/// A future that nobody awaits does nothing.
pub async fn a9_an_append_that_was_never_polled_writes_nothing<F: Fixture>(log: Subject<F>) {
    for key in 0..8 {
        drop(log.store.append(Append::to(log.stream(key), NoStream, log.events(1))));
    }
    // What had begun nevertheless would need a moment.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(log.audit().await, []);
}

/// Dropped after 1, 2, 3 polls and so on: both streams have it or none. What
/// was handed over may still be written after that.
pub async fn a9_a_dropped_append_is_whole_or_nothing<F: Fixture>(log: Subject<F>) {
    for polls in 1..POLLS {
        let (one, other) = (log.stream(polls * 2), log.stream(polls * 2 + 1));
        let append = Append::to(one.clone(), NoStream, log.events(2)).and(
            other.clone(),
            NoStream,
            log.events(3),
        );
        let mut dropped = Box::pin(log.store.append(append.clone()));
        let finished = polled(polls, &mut dropped).await.is_some();
        drop(dropped);
        for (first, second) in [(&one, &other), (&other, &one)] {
            let seen = log.version(first).await.get() > 0;
            let both = log.version(second).await.get() > 0;
            assert!(!seen || both, "half an append is there, after {polls} polls");
        }
        log.append(append).await;
        let versions = (log.version(&one).await.get(), log.version(&other).await.get());
        assert_eq!(versions, (2, 3), "after {polls} polls and once more");
        if finished {
            break;
        }
    }
    log.audit().await;
}

/// Every second append of a crowd is dropped; the others are all written.
pub async fn a9_a_dropped_append_harms_no_other<F: Fixture>(log: Subject<F>) {
    let streams = log.apart();
    for polls in 1..4 {
        let tries = (0..32).map(|n| {
            let (store, stream) = (log.store.clone(), streams[n / 2 % 2].clone());
            let events = log.events(1 + n % 3);
            let last = events.last().map(|event| event.id);
            let append =
                Append::to(stream.clone(), Any, events).and(log.stream("both"), Any, log.events(1));
            async move {
                let mut append = Box::pin(store.append(append));
                let times = if n % 2 == 0 { polls } else { usize::MAX };
                let done = polled(times, &mut append).await?;
                let done = done.expect("it was not dropped, and nothing is wrong with it");
                assert_eq!(Some(done.writes[0].last), last);
                last
            }
        });
        let acknowledged = at_once(tries).await;
        assert!(acknowledged.iter().skip(1).step_by(2).all(Option::is_some));
        let found = log.audit().await;
        let lost = |id: &_| !found.iter().any(|event| event.id == *id);
        assert!(!acknowledged.iter().flatten().any(lost), "an acknowledged event is missing");
    }
}

/// A stream on which an append was dropped takes the next one.
pub async fn a9_a_dropped_append_blocks_nothing<F: Fixture>(log: Subject<F>) {
    let streams: [StreamId; 2] = log.apart();
    for polls in 0..POLLS {
        for stream in &streams {
            let append = Append::to(stream.clone(), Any, log.events(1));
            let mut dropped = Box::pin(log.store.append(append));
            let _ = polled(polls, &mut dropped).await;
            drop(dropped);
            let done = log.grow(stream, 1).await;
            let last = log.of_stream(stream).await.pop().expect("it was written");
            assert!(last.version >= done.writes[0].version);
        }
    }
    log.audit().await;
}
