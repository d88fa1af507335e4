//! Subscriptions: catch up, say so, follow.

use std::pin::Pin;

use futures::{Stream, StreamExt};

use super::{Fixture, Subject};
use crate::store::{Append, Delivery, Filter, LogQuery};
use crate::{Checkpoint, EventStore, ExpectedVersion, RawEvent, ReadError};
use ExpectedVersion::Any;

type Deliveries = Pin<Box<dyn Stream<Item = Result<Delivery, ReadError>> + Send>>;

impl<F: Fixture> Subject<F> {
    fn follow(&self, query: LogQuery) -> Deliveries {
        Box::pin(self.store.subscribe(query))
    }
}

async fn next(deliveries: &mut Deliveries) -> Delivery {
    let delivery = deliveries.next().await.expect("it never ends by itself");
    delivery.expect("a delivery")
}

/// The events up to the next time that the end is reached, and the checkpoints
/// that came, the last one with `CaughtUp`.
async fn catch_up(deliveries: &mut Deliveries) -> (Vec<RawEvent>, Vec<Checkpoint>) {
    let (mut events, mut checkpoints) = (Vec::<RawEvent>::new(), Vec::new());
    loop {
        match next(deliveries).await {
            Delivery::Event(event) => events.push(event),
            Delivery::Passed(checkpoint) => {
                assert!(events.last().is_none_or(|event| event.position <= checkpoint.position()));
                checkpoints.push(checkpoint);
            }
            Delivery::CaughtUp(checkpoint) => {
                checkpoints.push(checkpoint);
                return (events, checkpoints);
            }
        }
    }
}

/// Everything there is, the word that it is all, and then what comes.
pub async fn subscribe_catches_up_says_so_and_follows<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.together();
    let home = log.partitions().of(&one);
    log.grow(&one, 200).await;
    let mut deliveries = log.follow(LogQuery::partition(home));
    let mut seen = Vec::new();
    for stream in [&one, &other, &one] {
        let (events, checkpoints) = catch_up(&mut deliveries).await;
        seen.extend(events);
        assert_eq!(seen, log.of_partition(home).await);
        let head = log.store.log_head(home).await.expect("the head");
        assert_eq!(checkpoints.last(), Some(&head), "caught up with the head");
        log.grow(stream, 3).await;
    }
}

/// An empty partition is caught up with at once.
pub async fn subscribe_to_an_empty_log_is_caught_up<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let home = log.partitions().of(&stream);
    let mut deliveries = log.follow(LogQuery::partition(home));
    let start = Checkpoint::start(log.store.log().id, home);
    assert_eq!(next(&mut deliveries).await, Delivery::CaughtUp(start));
    let done = log.grow(&stream, 1).await;
    let Delivery::Event(event) = next(&mut deliveries).await else {
        panic!("an event has come");
    };
    assert_eq!(event.id, done.writes[0].last);
}

/// A reader of few events gets a checkpoint behind those it never sees, and
/// can resume from each.
pub async fn subscribe_with_a_filter_passes_over_the_rest<F: Fixture>(log: Subject<F>) {
    let [common, rare] = log.together();
    let home = log.partitions().of(&common);
    let query = LogQuery::partition(home).filter(Filter::all().name("rare"));
    let mut deliveries = log.follow(query);
    let mut seen = Vec::new();
    for _ in 0..3 {
        log.grow(&common, 500).await;
        log.append(Append::to(rare.clone(), Any, vec![log.named("rare")])).await;
        let head = log.grow(&common, 500).await.token().checkpoint(home);
        let mut checkpoints = Vec::new();
        while checkpoints.last().copied() != head {
            let (events, more) = catch_up(&mut deliveries).await;
            seen.extend(events);
            checkpoints.extend(more);
        }
        assert_eq!(seen, log.of_stream(&rare).await);
        assert!(checkpoints.is_sorted_by_key(Checkpoint::position));
        for checkpoint in checkpoints {
            let rest = log.read_all(LogQuery::resume(checkpoint)).await;
            assert!(rest.iter().all(|event| event.position > checkpoint.position()));
        }
    }
}

/// No event passes for a long time, and the checkpoint moves all the same.
pub async fn subscribe_moves_on_where_nothing_passes<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let home = log.partitions().of(&stream);
    let mut deliveries =
        log.follow(LogQuery::partition(home).filter(Filter::all().category("none")));
    catch_up(&mut deliveries).await;
    for events in [1, 1, 300] {
        let head = log.grow(&stream, events).await.token().checkpoint(home);
        loop {
            match next(&mut deliveries).await {
                Delivery::Event(event) => panic!("it does not pass: {event:?}"),
                Delivery::Passed(at) | Delivery::CaughtUp(at) if Some(at) == head => break,
                Delivery::Passed(_) | Delivery::CaughtUp(_) => {}
            }
        }
    }
}

/// It ends after as many events, of those that are there and of those to come.
pub async fn a10_a_subscription_ends_after_its_limit<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let home = log.partitions().of(&stream);
    log.grow(&stream, 5).await;
    for limit in [0, 1, 3, 5, 8] {
        let mut deliveries = log.follow(LogQuery::partition(home).limit(limit));
        let mut seen = 0;
        while let Some(delivery) = deliveries.next().await {
            match delivery.expect("a delivery") {
                Delivery::Event(_) => seen += 1,
                Delivery::CaughtUp(_) => drop(log.grow(&stream, 1).await),
                Delivery::Passed(_) => {}
            }
        }
        assert_eq!(seen, limit);
    }
}

/// Dropped at every place, a hundred times: the next one begins anew.
pub async fn subscribe_can_be_dropped_anywhere<F: Fixture>(log: Subject<F>) {
    let [stream] = log.together();
    let home = log.partitions().of(&stream);
    log.grow(&stream, 6).await;
    for round in 0..100 {
        let mut deliveries = log.follow(LogQuery::partition(home));
        for _ in 0..round % 8 {
            next(&mut deliveries).await;
        }
        drop(deliveries);
    }
    let mut deliveries = log.follow(LogQuery::partition(home));
    assert_eq!(catch_up(&mut deliveries).await.0, log.of_partition(home).await);
    log.audit().await;
}

/// A subscription to one partition hears nothing of the others.
pub async fn subscribe_keeps_to_its_partition<F: Fixture>(log: Subject<F>) {
    for key in 0..20 {
        log.grow(&log.stream(key), 2).await;
    }
    let mut all = Vec::new();
    for partition in log.partitions().iter() {
        let mut deliveries = log.follow(LogQuery::partition(partition));
        all.extend(catch_up(&mut deliveries).await.0);
    }
    assert_eq!(all, log.audit().await);
}
