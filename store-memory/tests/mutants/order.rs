//! A4: stores with more than one order.

use annals::store::{Append, LogQuery};
use annals::{EventStore, Partition, Position};
use annals_memory::MemoryStore;
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};
use time::Duration;

use crate::mutant::{Answer, Events, Mutation, caught};

caught! {
    a4_swapping_two_events: "a4_", |_| Swaps { positions: false };
    a4_swapping_two_positions: "a4_", |_| Swaps { positions: true };
    a4_naming_the_wrong_places: "a4_", |_| WrongPlaces;
    a4_turning_the_writes_round: "a4_", |_| TurnsWrites;
    a4_taking_another_partition: "a4_a_partition_that_is_not_there", |_| TakesAnother;
    a4_turning_time_back: "a4_", |_| TurnsTime;
}

#[derive(Debug)]
struct Swaps {
    positions: bool,
}

impl Mutation for Swaps {
    fn of_log(&self, events: Events) -> Events {
        let positions = self.positions;
        let swapped = events.try_collect().map_ok(move |mut events: Vec<_>| {
            if let Some([one, other]) = events.get_mut(1..3) {
                std::mem::swap(one, other);
                if positions {
                    std::mem::swap(&mut one.position, &mut other.position);
                }
            }
            stream::iter(events.into_iter().map(Ok))
        });
        swapped.try_flatten_stream().boxed()
    }
}

#[derive(Debug)]
struct WrongPlaces;

impl Mutation for WrongPlaces {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let mut done = store.append(append).await?;
            for write in &mut done.writes {
                write.position = Position::new(write.position.get() + 1);
            }
            Ok(done)
        })
    }
}

#[derive(Debug)]
struct TurnsWrites;

impl Mutation for TurnsWrites {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        Box::pin(async move {
            append.writes.reverse();
            let mut done = store.append(append).await?;
            done.writes.reverse();
            Ok(done)
        })
    }
}

#[derive(Debug)]
struct TurnsTime;

impl Mutation for TurnsTime {
    fn of_log(&self, events: Events) -> Events {
        let turned = events.map_ok(|mut event| {
            if event.position.get() % 5 == 0 {
                event.recorded_at -= Duration::hours(1);
            }
            event
        });
        turned.boxed()
    }
}

#[derive(Debug)]
struct TakesAnother;

impl Mutation for TakesAnother {
    fn log_query(&self, mut query: LogQuery) -> LogQuery {
        query.partition = Partition::FIRST;
        query
    }
}
