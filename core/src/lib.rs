//! Event sourcing and CQRS for Rust.
//!
//! A service keeps one append-only log of events as its only truth. An
//! [`Aggregate`] is folded from the events of one stream and decides which may
//! follow; a [`Repository`] loads it, decides a command, and appends the
//! decision under the version that it was decided on. Everything that can be
//! computed can be computed again, by replay.
//!
//! Begin with [`Event`](macro@Event) and [`Aggregate`], then [`Repository`];
//! test with [`testing`]. [`store`] is the contract of the stores: use
//! `annals-memory`, or write one of your own and run the `conformance` suite on
//! it. [`history`] takes events out of a log and into another one.
//!
//! Times are `OffsetDateTime`s of the crate `time`, deadlines are `Instant`s of
//! `tokio::time`, and reads are `Stream`s of the crate `futures`, whose
//! `TryStreamExt` and `StreamExt` read them.
//!
//! # Features
//! - `msgpack`: events as MessagePack, a compact codec beside JSON.
//! - `conformance`: the test suite for authors of stores.

// The derive writes `::annals::...`, also in this crate's own tests.
#[allow(unused_extern_crates, reason = "only tests derive here")]
extern crate self as annals;

mod aggregate;
mod causation;
mod clock;
pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decision;
mod decode;
pub mod event;
mod event_id;
mod fold;
pub mod history;
mod log;
mod metadata;
mod position;
pub mod read_model;
mod recorded;
mod repository;
pub mod snapshot;
pub mod store;
mod stream;
pub mod testing;
mod token;
mod version;

#[doc(hidden)]
pub use event::private as __private;

pub use aggregate::{Aggregate, Decide};
pub use annals_macros::Event;
pub use causation::{following, handling};
pub use clock::{Clock, SystemClock};
pub use codec::{Codec, Payload};
pub use decision::{IntoDecision, IntoEvents};
pub use decode::{DecodeError, DecodeErrorKind, EncodeError, EncodeReason, EventRef};
pub use event::Event;
pub use event_id::EventId;
pub use log::{Checkpoint, InvalidCheckpoint, LogId};
pub use metadata::{InvalidTraceContext, Metadata, TraceContext};
pub use position::{Partition, Partitions, Position};
pub use read_model::ReadModelStore;
pub use recorded::{Origin, RawEvent, Recorded};
pub use repository::{
    At, ExecuteError, Executed, Execution, LoadError, Loaded, Occasion, Part, Pauses, Repository,
    Retry,
};
pub use snapshot::{SnapshotPolicy, SnapshotStore};
pub use store::{AnyStore, AppendError, EventStore, IdempotencyKey, ReadError, StoreError};
pub use stream::{InvalidStreamId, StreamId};
pub use token::{InvalidToken, Token};
pub use version::{Conflict, ExpectedVersion, Version};

#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../DESIGN.md")]
    mod design {}
}
