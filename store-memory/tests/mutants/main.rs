//! The suite of every store, tested: each mutant is a memory store that breaks
//! one promise, and a case of that promise must notice.

#![allow(clippy::expect_used, reason = "in a test an expectation is an assertion")]

#[path = "../support/clock.rs"]
mod clock;
mod mutant;

mod atomic;
mod bad_input;
mod bounds;
mod cancel;
mod doubt;
mod durable;
mod events;
mod idempotent;
mod late;
mod optimistic;
mod order;
mod read_models;
mod reads;
mod snapshots;

use annals::conformance::{Setup, Suite};

use crate::mutant::{Mutated, Mutation};

#[derive(Debug)]
struct Faithful;

impl Mutation for Faithful {}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_breaks_nothing_passes() {
    for partitions in [1, 8] {
        let suite = Suite::new(Mutated::new(|_| Faithful));
        let setup = Setup::new().with_partitions(partitions);
        let report = suite.setup(setup).run().await;
        assert!(report.cases() > 90, "all cases were run");
        assert_eq!(report.failures().count(), 0, "{report}");
    }
}
