//! A1 and A2: stores that write or read half.

use annals::EventStore;
use annals::store::{Append, Appended};
use annals_memory::MemoryStore;
use futures::StreamExt;

use crate::cancel::Waits;
use crate::mutant::{Answer, Events, Mutation, caught, only_write};

caught! {
    a1_writing_the_streams_one_by_one: "a1_", |_| OneByOne;
    a1_leaving_out_what_is_above_4000_events: "a1_", |_| Cuts;
    a1_showing_the_streams_one_by_one: "a1_no_reader_sees", |_| Waits;
    a2_skipping_a_version: "a2_", |_| Skips;
    a2_counting_from_zero: "a2_", |_| FromZero;
}

#[derive(Debug)]
struct OneByOne;

impl Mutation for OneByOne {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let mut all: Option<Appended> = None;
            for at in 0..append.writes.len() {
                let done = store.append(only_write(&append, at)).await?;
                match &mut all {
                    None => all = Some(done),
                    Some(all) => all.writes.extend(done.writes),
                }
            }
            Ok(all.expect("it has writes"))
        })
    }
}

#[derive(Debug)]
struct Cuts;

impl Mutation for Cuts {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        append.writes.iter_mut().for_each(|write| write.events.truncate(3_999));
        Box::pin(store.append(append))
    }
}

#[derive(Debug)]
struct Skips;

impl Mutation for Skips {
    fn of_stream(&self, events: Events) -> Events {
        let third = |number: u64| number == 3;
        let rest = events.filter(move |event| {
            let skipped = event.as_ref().is_ok_and(|event| third(event.version.get()));
            std::future::ready(!skipped)
        });
        rest.boxed()
    }
}

#[derive(Debug)]
struct FromZero;

impl Mutation for FromZero {
    fn of_stream(&self, events: Events) -> Events {
        let shifted = events.map(|event| {
            event.map(|mut event| {
                event.version = (event.version.get() - 1).into();
                event
            })
        });
        shifted.boxed()
    }
}
