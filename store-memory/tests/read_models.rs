//! The memory store of read models passes the suite of every one.

#![allow(clippy::expect_used, reason = "in a test an expectation is an assertion")]

#[path = "support/clock.rs"]
mod clock;

use std::time::Duration;

use annals::conformance::{Erased, ReadModelFixture};
use annals_memory::MemoryReadModels;

use clock::ManualClock;

struct Memory;

impl ReadModelFixture for Memory {
    type Place = (MemoryReadModels, ManualClock);
    type Store = MemoryReadModels;

    async fn create(&self) -> Self::Place {
        let clock = ManualClock::new();
        (MemoryReadModels::with_clock(clock.clone()), clock)
    }

    async fn open(&self, (store, _): Self::Place) -> MemoryReadModels {
        store
    }

    async fn advance(&self, (_, clock): Self::Place, time: Duration) {
        clock.advance(time);
    }
}

annals::read_model_conformance!(plain, Memory);
annals::read_model_conformance!(erased, Erased(Memory));
