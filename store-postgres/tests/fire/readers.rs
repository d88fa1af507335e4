//! The reader who follows, the one who asks again and again, the one who comes late.

use std::time::Duration;

use annals::store::{Delivery, LogQuery};
use annals::{EventStore, Partition, Position, RawEvent};
use annals_postgres::PostgresStore;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::watch;

use crate::random::Random;

/// Positions and ids, in the order in which a reader has got them.
pub(crate) type Seen = Vec<(u64, u128)>;

/// Up to which position everything was acknowledged, once all writers are done.
pub(crate) type End = watch::Receiver<Option<Position>>;

fn place(event: &RawEvent) -> (u64, u128) {
    (event.position.get(), event.id.as_uuid().as_u128())
}

pub(crate) async fn follow(store: PostgresStore, mut end: End) -> Result<Seen, String> {
    let mut deliveries = store.subscribe(LogQuery::partition(Partition::FIRST));
    let (mut seen, mut reached, mut random) = (Vec::new(), Position::START, Random::new(1));
    loop {
        if end.borrow().is_some_and(|end| reached >= end) {
            return Ok(seen);
        }
        let delivery = tokio::select! {
            delivery = deliveries.next() => delivery,
            _ = end.changed() => continue,
        };
        match delivery {
            Some(Ok(Delivery::Event(event))) => seen.push(place(&event)),
            Some(Ok(Delivery::CaughtUp(checkpoint))) => reached = checkpoint.position(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(format!("who follows got {error:?}")),
            None => return Err("the subscription has ended".to_owned()),
        }
        if random.once_in(500) {
            tokio::time::sleep(random.millis(10)).await;
        }
    }
}

pub(crate) async fn poll(store: PostgresStore, end: End) -> Result<Seen, String> {
    let (mut seen, mut reached, mut random) = (Vec::new(), Position::START, Random::new(2));
    loop {
        let over = end.borrow().is_some_and(|end| reached >= end);
        let query = LogQuery::partition(Partition::FIRST).after(reached).limit(700);
        let mut events = store.read_all(query);
        let before = seen.len();
        loop {
            match events.try_next().await {
                Ok(Some(event)) => {
                    reached = event.position;
                    seen.push(place(&event));
                }
                Ok(None) => break,
                // Its connection was ended; it goes on where it was.
                Err(error) if error.is_transient() => break,
                Err(error) => return Err(format!("who asks again got {error:?}")),
            }
        }
        if over && seen.len() == before {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(1) + random.millis(20)).await;
    }
}

pub(crate) async fn late(store: PostgresStore) -> Result<Vec<RawEvent>, String> {
    let events = store.read_all(LogQuery::partition(Partition::FIRST));
    events.try_collect().await.map_err(|error| format!("who comes late got {error:?}"))
}
