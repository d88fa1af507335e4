//! A8: stores that say of an append what is not so.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use annals::store::Append;
use annals::{AppendError, EventId, EventStore, StoreError};
use annals_memory::MemoryStore;
use tokio::time::{Instant, sleep};

use crate::idempotent::{ForgetsKeys, KnowsNoRepeats};
use crate::mutant::{Answer, Mutation, caught};

caught! {
    a8_saying_too_late_of_what_was_written: "a8_", |_| SaysTooLate;
    a8_saying_failed_of_what_was_written: "a8_", |_| SaysFailed::default();
    a8_writing_after_having_said_too_late: "a8_", |_| WritesLater;
    a8_not_knowing_a_repeat: "a8_an_append_whose_answer_was_lost_can_be_repeated", |_| KnowsNoRepeats;
    a8_not_knowing_a_key: "a8_an_append_whose_answer_was_lost_can_be_repeated_by_key", |_| ForgetsKeys;
    a8_not_knowing_the_first_try: "a8_a_first_try_and_its_repeat", |_| KnowsNoRepeats;
    a8_leaving_doubt_that_cannot_be_resolved: "a8_", |_| LosesTrack;
}

fn passed(append: &Append) -> bool {
    append.deadline.is_some_and(|deadline| deadline <= Instant::now())
}

#[derive(Debug)]
struct SaysTooLate;

impl Mutation for SaysTooLate {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let done = store.append(append.clone()).await?;
            sleep(Duration::from_millis(2)).await;
            if passed(&append) {
                return Err(AppendError::DeadlineExceeded);
            }
            Ok(done)
        })
    }
}

/// Every fifth connection breaks after the commit.
#[derive(Debug, Default)]
struct SaysFailed(AtomicU32);

impl Mutation for SaysFailed {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let done = store.append(append).await?;
            if self.0.fetch_add(1, Ordering::Relaxed) % 5 == 4 {
                return Err(StoreError::transient("the connection was closed").into());
            }
            Ok(done)
        })
    }
}

/// The client gives up, the statement goes on.
#[derive(Debug)]
struct WritesLater;

impl Mutation for WritesLater {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let Some(deadline) = append.deadline else {
                return store.append(append).await;
            };
            let store = store.clone();
            let statement = tokio::spawn(async move {
                sleep(Duration::from_millis(2)).await;
                let mut append = append;
                append.deadline = None;
                // Behind whatever has taken its place meanwhile.
                append.writes.iter_mut().for_each(|w| w.expected = annals::ExpectedVersion::Any);
                store.append(append).await
            });
            match tokio::time::timeout_at(deadline, statement).await {
                Ok(done) => done.expect("it does not panic"),
                Err(_) => Err(AppendError::DeadlineExceeded),
            }
        })
    }
}

/// Says `Unknown`, and has written the events under ids of its own.
#[derive(Debug)]
struct LosesTrack;

impl Mutation for LosesTrack {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        Box::pin(async move {
            if append.deadline.is_none() {
                return store.append(append).await;
            }
            let events = append.writes.iter_mut().flat_map(|write| &mut write.events);
            events.for_each(|event| event.id = EventId::new());
            store.append(append).await?;
            Err(AppendError::Unknown(StoreError::transient("no answer came")))
        })
    }
}
