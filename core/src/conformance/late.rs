//! A5 no late arrivals: nothing appears at or below what was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;

use super::tools::{POLLS, at_once, polled};
use super::{Fixture, Subject};
use crate::store::{Append, Delivery, LogQuery};
use crate::{EventId, EventStore, ExpectedVersion, Partition, Position};
use ExpectedVersion::Any;

/// Writers of one partition on two handles, in appends of several sizes.
async fn write<F: Fixture>(log: &Subject<F>, writers: usize, rounds: usize) -> Partition {
    let (other, streams) = (log.reopened().await, log.together::<5>());
    let home = log.partitions().of(&streams[0]);
    at_once((0..writers).map(|writer| {
        let store = if writer % 2 == 0 { log.store.clone() } else { other.store.clone() };
        let appends: Vec<_> = (0..rounds)
            .map(|round| {
                let stream = streams[(writer + round) % 5].clone();
                Append::to(stream, Any, log.events(1 + (writer * round) % 4))
            })
            .collect();
        async move {
            for append in appends {
                store.append(append).await.expect("an append to any version");
                tokio::task::yield_now().await;
            }
        }
    }))
    .await;
    home
}

/// Subscriptions on both handles, begun before the first event.
pub async fn a5_a_subscription_misses_nothing_while_writers_run<F: Fixture>(log: Subject<F>) {
    let home = log.partitions().of(&log.together::<1>()[0]);
    let reopened = log.reopened().await;
    let readers: Vec<_> = [&log, &log, &reopened]
        .map(|log| Box::pin(log.store.subscribe(LogQuery::partition(home))))
        .into_iter()
        .map(|mut deliveries| {
            tokio::spawn(async move {
                let mut seen: Vec<(Position, EventId)> = Vec::new();
                while let Some(delivery) = deliveries.next().await {
                    match delivery.expect("a delivery") {
                        Delivery::Event(event) if event.name == "last" => break,
                        Delivery::Event(event) => seen.push((event.position, event.id)),
                        Delivery::Passed(_) | Delivery::CaughtUp(_) => {}
                    }
                }
                seen
            })
        })
        .collect();
    write(&log, 24, 8).await;
    let [stream] = log.together();
    log.append(Append::to(stream, Any, vec![log.named("last")])).await;
    let events = log.audit().await;
    let expected: Vec<_> = events.iter().map(|event| (event.position, event.id)).collect();
    for reader in readers {
        let seen = reader.await.expect("the reader");
        assert_eq!(seen, expected[..expected.len() - 1], "every event once, in order");
    }
}

/// A reader who asks again and again for what is behind the last position.
pub async fn a5_a_polling_reader_misses_nothing_while_writers_run<F: Fixture>(log: Subject<F>) {
    let log = Arc::new(log);
    let home = log.partitions().of(&log.together::<1>()[0]);
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (log, done) = (log.clone(), done.clone());
        async move {
            let (mut seen, mut reached) = (Vec::new(), Position::START);
            loop {
                // What was finished before this look is seen by it.
                let finished = done.load(Ordering::Acquire);
                let page = log.read_all(LogQuery::partition(home).after(reached).limit(7)).await;
                reached = page.last().map_or(reached, |event| event.position);
                if page.is_empty() && finished {
                    return seen;
                }
                seen.extend(page);
                tokio::task::yield_now().await;
            }
        }
    });
    write(&log, 24, 8).await;
    done.store(true, Ordering::Release);
    let seen = reader.await.expect("the reader");
    assert_eq!(seen, log.audit().await, "every event once, in order");
}

/// Reading twice is reading the same: the first read is how the second begins.
pub async fn a5_what_was_read_is_read_again_without_additions<F: Fixture>(log: Subject<F>) {
    let stream = log.together::<1>()[0].clone();
    let home = log.partitions().of(&stream);
    let mut before = Vec::new();
    for size in [1, 2, 3, 5, 8, 1, 1, 9, 13] {
        log.grow(&stream, size).await;
        for _ in 0..2 {
            let now = log.of_partition(home).await;
            assert!(now.starts_with(&before), "events came in among what had been read");
            before = now;
        }
    }
    assert_eq!(before.len(), 43);
}

/// A writer takes its place and stalls, another one commits, a reader looks,
/// and the first one goes on: the reader gets both, in order. Nobody waits for
/// the one that stalls.
pub async fn a5_a_stalled_append_comes_behind_what_was_read<F: Fixture>(log: Subject<F>) {
    let [stalling, other] = log.together();
    let home = log.partitions().of(&stalling);
    for polls in 0..POLLS {
        let append = Append::to(stalling.clone(), Any, log.events(2));
        let mut stalled = Box::pin(log.append(append));
        let finished = polled(polls, &mut stalled).await.is_some();
        log.grow(&other, 1).await;
        let before = log.of_partition(home).await;
        if !finished {
            stalled.await;
        }
        let after = log.of_partition(home).await;
        assert!(after.starts_with(&before), "an event arrived late, after {polls} polls");
        if finished {
            break;
        }
    }
    log.audit().await;
}
