//! A5: stores whose events arrive late, and which resume where they should not.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use annals::store::{After, Append, Delivery, LogQuery};
use annals::{Checkpoint, EventId, EventStore, Position};
use annals_memory::MemoryStore;
use futures::{FutureExt, StreamExt};
use tokio::task::yield_now;

use crate::mutant::{Answer, Deliveries, Events, Mutation, caught};

caught! {
    a5_showing_an_event_late: "a5_", |_| ShowsLate::default();
    a5_losing_what_comes_right_after_the_end: "a5_", |_| LosesAWake;
    a5_making_everybody_wait_for_one_that_stalls: "a5_", |_| Stalls::default();
    a5_ignoring_a_checkpoints_event: "a5_", trusts(the_position);
    a5_ignoring_a_checkpoints_log: "a5_", trusts(any_log);
    a5_ignoring_that_the_tail_is_lost: "a5_", trusts(the_end);
    a5_ignoring_what_an_append_rests_on: "a5_an_append_behind", |_| RestsOnNothing;
    a5_cutting_positions_to_31_bits: "a5_a_position_beyond", |_| CutsPositions;
}

/// Hides every fifth event from whoever asks first.
#[derive(Debug, Default)]
struct ShowsLate(Arc<Mutex<HashSet<EventId>>>);

impl ShowsLate {
    fn hides(asked: &Mutex<HashSet<EventId>>, position: Position, id: EventId) -> bool {
        position.get().is_multiple_of(5) && asked.lock().expect("a whole set").insert(id)
    }
}

impl Mutation for ShowsLate {
    fn of_log(&self, events: Events) -> Events {
        let asked = self.0.clone();
        let shown = events.filter(move |event| {
            let hides = |e: &annals::RawEvent| Self::hides(&asked, e.position, e.id);
            std::future::ready(!event.as_ref().is_ok_and(hides))
        });
        shown.boxed()
    }

    fn deliveries(&self, deliveries: Deliveries) -> Deliveries {
        let asked = self.0.clone();
        let shown = deliveries.filter(move |delivery| {
            let hidden = match delivery {
                Ok(Delivery::Event(event)) => Self::hides(&asked, event.position, event.id),
                _ => false,
            };
            std::future::ready(!hidden)
        });
        shown.boxed()
    }
}

#[derive(Debug)]
struct LosesAWake;

impl Mutation for LosesAWake {
    fn deliveries(&self, deliveries: Deliveries) -> Deliveries {
        let mut at_end = false;
        let kept = deliveries.filter(move |delivery| {
            let event = matches!(delivery, Ok(Delivery::Event(event)) if event.name != "last");
            let lost = at_end && event;
            at_end = matches!(delivery, Ok(Delivery::CaughtUp(_)));
            std::future::ready(!lost)
        });
        kept.boxed()
    }
}

/// Keeps its turn while it waits for something else.
#[derive(Debug, Default)]
struct Stalls(tokio::sync::Mutex<()>);

impl Mutation for Stalls {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let _turn = self.0.lock().await;
            yield_now().await;
            store.append(append).await
        })
    }
}

/// Takes a checkpoint for something else.
struct Trusts {
    store: MemoryStore,
    reads: fn(&MemoryStore, Checkpoint) -> After,
}

impl fmt::Debug for Trusts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trusts")
    }
}

impl Mutation for Trusts {
    fn log_query(&self, mut query: LogQuery) -> LogQuery {
        if let After::Checkpoint(checkpoint) = query.after {
            query.after = (self.reads)(&self.store, checkpoint);
        }
        query
    }
}

fn trusts(reads: fn(&MemoryStore, Checkpoint) -> After) -> impl Fn(&MemoryStore) -> Trusts + Clone {
    move |store| Trusts { store: store.clone(), reads }
}

fn the_position(store: &MemoryStore, checkpoint: Checkpoint) -> After {
    if checkpoint.log() == store.log().id {
        After::Position(checkpoint.position())
    } else {
        After::Checkpoint(checkpoint)
    }
}

fn any_log(store: &MemoryStore, checkpoint: Checkpoint) -> After {
    let (id, partition) = (store.log().id, checkpoint.partition());
    After::Checkpoint(match checkpoint.event() {
        Some(event) => Checkpoint::new(id, partition, checkpoint.position(), event),
        None => Checkpoint::start(id, partition),
    })
}

fn the_end(store: &MemoryStore, checkpoint: Checkpoint) -> After {
    let head = store.log_head(checkpoint.partition()).now_or_never();
    let head = head.expect("memory answers at once").expect("a head");
    if checkpoint.position() > head.position() {
        After::Checkpoint(head)
    } else {
        After::Checkpoint(checkpoint)
    }
}

#[derive(Debug)]
struct CutsPositions;

impl Mutation for CutsPositions {
    fn log_query(&self, mut query: LogQuery) -> LogQuery {
        if let After::Position(position) = query.after {
            query.after = After::Position(Position::new(position.get() & 0x7fff_ffff));
        }
        query
    }
}

#[derive(Debug)]
struct RestsOnNothing;

impl Mutation for RestsOnNothing {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        for write in &mut append.writes {
            write.behind = None;
        }
        Box::pin(store.append(append))
    }
}
