//! The in-memory event store of the `annals` crate: every contract, no set-up.
//!
//! It keeps every promise of [`EventStore`](annals::EventStore) but one that no
//! memory can: what it holds ends with the process. It is made for tests, for
//! embedding and for trying things out, not as a fake with meanings of its own.
//!
//! ```
//! use annals_memory::MemoryStore;
//!
//! let store = MemoryStore::new();
//! let eight = MemoryStore::builder().partitions(8).build();
//! # let _ = (store, eight);
//! ```
//!
//! Read models live in [`MemoryReadModels`], which keeps every promise of
//! [`ReadModelStore`](annals::ReadModelStore); a projection of its own tables writes
//! through [`MemoryTables`].

mod append;
mod options;
mod partition;
mod read;
mod read_models;
mod snapshots;
mod store;
mod subscribe;

pub use options::MemoryStoreBuilder;
pub use read_models::{
    MemoryReadModels, MemoryTables, MemoryTx, Table, TableError, TableKey, TableMismatch, TableRow,
};
pub use store::MemoryStore;
