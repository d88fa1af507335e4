//! A6: handles that do not see what others have acknowledged, and logs that
//! forget.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use annals::store::{Append, Appended, Delivery};
use annals::{EventId, EventStore, Position};
use annals_memory::MemoryStore;
use futures::{FutureExt, StreamExt};

use crate::mutant::{Answer, Deliveries, Events, Mutation, caught};

caught! {
    a6_keeping_events_in_the_handle_that_wrote_them: "a6_", |_| OwnOnly::default();
    a6_telling_of_the_handles_own_events_only: "a6_a_subscription", |_| OwnOnly::default();
    a6_losing_the_newest_event_when_reopened: "a6_", LosesNewest::of;
    a6_acknowledging_one_time_without_writing: "a6_", |_| SaysOk::default();
}

/// Shows only what this handle has appended.
#[derive(Debug, Default)]
struct OwnOnly(Arc<Mutex<HashSet<EventId>>>);

impl OwnOnly {
    fn own(&self, events: Events) -> Events {
        let known = self.0.clone();
        let own = events.filter(move |event| {
            let known = known.lock().expect("a whole set");
            std::future::ready(event.as_ref().is_ok_and(|event| known.contains(&event.id)))
        });
        own.boxed()
    }
}

impl Mutation for OwnOnly {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        let events = append.writes.iter().flat_map(|write| &write.events);
        let mut known = self.0.lock().expect("a whole set");
        known.extend(events.map(|event| event.id));
        Box::pin(store.append(append))
    }

    fn of_stream(&self, events: Events) -> Events {
        self.own(events)
    }

    fn of_log(&self, events: Events) -> Events {
        self.own(events)
    }

    fn deliveries(&self, deliveries: Deliveries) -> Deliveries {
        let known = self.0.clone();
        let own = deliveries.filter(move |delivery| {
            let known = known.lock().expect("a whole set");
            let strange =
                matches!(delivery, Ok(Delivery::Event(event)) if !known.contains(&event.id));
            std::future::ready(!strange)
        });
        own.boxed()
    }
}

/// What was newest in each partition when the handle was opened is gone.
#[derive(Debug)]
struct LosesNewest(HashSet<EventId>);

impl LosesNewest {
    fn of(store: &MemoryStore) -> Self {
        let heads = store.log().partitions.iter().filter_map(|partition| {
            let head = store.log_head(partition).now_or_never()?.ok()?;
            head.event().filter(|_| head.position() > Position::START)
        });
        Self(heads.collect())
    }

    fn kept(&self, events: Events) -> Events {
        let lost = self.0.clone();
        let kept = events.filter(move |event| {
            let lost = event.as_ref().is_ok_and(|event| lost.contains(&event.id));
            std::future::ready(!lost)
        });
        kept.boxed()
    }
}

impl Mutation for LosesNewest {
    fn of_stream(&self, events: Events) -> Events {
        self.kept(events)
    }

    fn of_log(&self, events: Events) -> Events {
        self.kept(events)
    }
}

/// The seventh append is acknowledged like the one before it, and not written.
#[derive(Debug, Default)]
struct SaysOk(Mutex<(u32, Option<Appended>)>);

impl Mutation for SaysOk {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let before = {
                let mut last = self.0.lock().expect("a whole pair");
                last.0 += 1;
                last.1.take().filter(|_| last.0 == 7)
            };
            if let Some(before) = before {
                return Ok(before);
            }
            let done = store.append(append).await?;
            self.0.lock().expect("a whole pair").1 = Some(done.clone());
            Ok(done)
        })
    }
}
