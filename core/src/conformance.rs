//! The suite which every event store passes: one named test per rule of the
//! [contract](crate::EventStore).
//!
//! A store's whole test file is a fixture, which says how a log is made and how
//! it is opened, and one line per configuration:
//!
//! ```no_run
//! # mod my_store {
//! #     #[derive(Clone)]
//! #     pub struct Database(annals_memory::MemoryStore);
//! #     impl Database {
//! #         pub async fn create(partitions: u16) -> Self {
//! #             Database(annals_memory::MemoryStore::builder().partitions(partitions).build())
//! #         }
//! #         pub async fn open(self) -> annals_memory::MemoryStore { self.0 }
//! #     }
//! # }
//! # use my_store::Database;
//! use annals::conformance::{Erased, Fixture, Setup, fixture};
//!
//! fn my_store() -> impl Fixture {
//!     fixture(
//!         |setup: Setup| Database::create(setup.partitions.count()),
//!         |database: Database| database.open(),
//!     )
//! }
//!
//! annals::event_store_conformance!(plain, my_store());
//! annals::event_store_conformance!(eight_partitions, my_store(), Setup::new().with_partitions(8));
//! annals::event_store_conformance!(erased, Erased(my_store()));
//! # fn main() {}
//! ```
//!
//! Each line is a module with a `#[test]` per rule. The name of a test begins
//! with the promise that it checks, `a1_` to `a11_`, or with what it is about
//! besides: `event_`, `import_`, `read_`, `snapshot_`, `subscribe_`. What a
//! promise means across processes and crashes only the store's own tests can
//! say; the suite opens a log several times, drops futures half-way and checks
//! every claim of the store against its log.
//!
//! Stores of read models have a suite of their own, in [`read_models`].
//!
//! A [`Suite`] runs the same cases as a value and reports instead of failing,
//! which is how a suite is itself tested.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a rule that is broken is a test that fails"
)]

mod cases;
mod fixture;
mod subject;
mod suite;
mod tools;

pub mod atomic;
pub mod bad_input;
pub mod bounds;
pub mod cancel;
pub mod checkpoints;
pub mod contiguous;
pub mod doubt;
pub mod durable;
pub mod events;
pub mod idempotent;
pub mod imports;
pub mod keys;
pub mod late;
pub mod optimistic;
pub mod order;
pub mod read_models;
pub mod reads;
pub mod snapshots;
pub mod subscribe;

pub use fixture::{Erased, Fixture, Setup, fixture};
pub use read_models::{ReadModelFixture, ReadModelSuite};
pub use subject::Subject;
pub use suite::{Case, Report, Suite, all, check};
