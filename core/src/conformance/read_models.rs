//! The suite which every store of read models passes: one named test per rule of the
//! [contract](crate::ReadModelStore).
//!
//! ```no_run
//! use annals::conformance::{Erased, ReadModelFixture};
//! use annals_memory::MemoryReadModels;
//!
//! struct Memory;
//!
//! impl ReadModelFixture for Memory {
//!     type Place = MemoryReadModels;
//!     type Store = MemoryReadModels;
//!
//!     async fn create(&self) -> MemoryReadModels {
//!         MemoryReadModels::new()
//!     }
//!
//!     async fn open(&self, place: MemoryReadModels) -> MemoryReadModels {
//!         place
//!     }
//! }
//!
//! annals::read_model_conformance!(plain, Memory);
//! annals::read_model_conformance!(erased, Erased(Memory));
//! # fn main() {}
//! ```
//!
//! What is written through a session only the store's own tests can say.

mod cases;
mod fixture;
mod subject;
mod suite;

pub mod at_least;
pub mod commit;
pub mod compare;
pub mod declare;
pub mod documents;
pub mod fence;
pub mod holds;
pub mod leases;
pub mod letters;
pub mod mended;
pub mod reached;
pub mod shared;
pub mod standing;
pub mod versions;
pub mod write;

pub use fixture::ReadModelFixture;
pub use subject::Models;
pub use suite::{ReadModelCase, ReadModelSuite, all, check};
