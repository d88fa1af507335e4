//! A11: stores that take what they should refuse.

use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};

use annals::store::{Append, Appended, InvalidAppend, Limits};
use annals::{EventStore, Metadata, Origin, StoreError};
use annals_memory::MemoryStore;
use time::OffsetDateTime;

use crate::mutant::{Answer, Mutation, caught};

caught! {
    a11_checking_nothing: "a11_", |_| ChecksNothing;
    a11_cutting_instead_of_refusing: "a11_", |_| Cuts;
    a11_naming_another_limit: "a11_", |_| NamesAnother;
    a11_mending_empty_appends: "a11_an_append_without_events", |_| Mends;
    a11_mending_names_and_schema_versions: "a11_bad_names", |_| Mends;
    a11_mending_metadata: "a11_a_nul_in_metadata", |_| Mends;
    a11_mending_times: "a11_a_time_of_recording", |_| Mends;
    a11_harming_the_neighbour: "a11_", |_| Harms::default();
}

#[derive(Debug)]
struct ChecksNothing;

impl Mutation for ChecksNothing {
    fn check(&self, _: &Append) -> Result<(), InvalidAppend> {
        Ok(())
    }
}

#[derive(Debug)]
struct Cuts;

impl Mutation for Cuts {
    fn check(&self, append: &Append) -> Result<(), InvalidAppend> {
        match append.check(&Limits::default()) {
            Err(InvalidAppend::TooManyEvents { .. }) => Ok(()),
            checked => checked,
        }
    }

    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        let limit = Limits::default().events;
        append.writes.iter_mut().for_each(|write| write.events.truncate(limit));
        Box::pin(store.append(append))
    }
}

#[derive(Debug)]
struct NamesAnother;

impl Mutation for NamesAnother {
    fn check(&self, append: &Append) -> Result<(), InvalidAppend> {
        let mut limits = Limits::default();
        limits.payload_bytes -= 1;
        append.check(&limits)
    }
}

/// An append which is refused spoils the batch that it came with.
#[derive(Debug, Default)]
struct Harms(AtomicBool);

impl Mutation for Harms {
    fn check(&self, append: &Append) -> Result<(), InvalidAppend> {
        let checked = append.check(&Limits::default());
        self.0.fetch_or(checked.is_err(), Ordering::Relaxed);
        checked
    }

    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            if self.0.swap(false, Ordering::Relaxed) {
                return Err(StoreError::transient("the batch was rolled back").into());
            }
            store.append(append).await
        })
    }
}

/// Makes something else of what it should refuse.
#[derive(Debug)]
struct Mends;

impl Mutation for Mends {
    fn check(&self, _: &Append) -> Result<(), InvalidAppend> {
        Ok(())
    }

    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        append.writes.retain(|write| !write.events.is_empty());
        if append.writes.is_empty() {
            let nothing = Appended::new(store.log().id, vec![], OffsetDateTime::UNIX_EPOCH);
            return Box::pin(ready(Ok(nothing)));
        }
        append.origin = Origin::Native;
        for event in append.writes.iter_mut().flat_map(|write| &mut write.events) {
            event.name = "mended".into();
            event.schema_version = 1;
            event.metadata = Metadata::new();
            event.recorded_at = None;
        }
        Box::pin(store.append(append))
    }
}
