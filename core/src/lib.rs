//! Event sourcing and CQRS for Rust.

mod aggregate;
mod clock;
pub mod codec;
mod decision;
mod decode;
pub mod event;
mod event_id;
pub mod history;
mod log;
mod metadata;
mod position;
mod recorded;
pub mod snapshot;
pub mod store;
mod stream;
mod version;

pub use aggregate::{Aggregate, Decide};
pub use annals_macros::Event;
pub use clock::{Clock, SystemClock};
pub use codec::{Codec, Payload};
pub use decision::{IntoDecision, IntoEvents};
pub use decode::{DecodeError, DecodeErrorKind, EncodeError, EncodeReason, EventRef};
pub use event::Event;
pub use event_id::EventId;
pub use log::{Checkpoint, InvalidToken, LogId, Token};
pub use metadata::{InvalidTraceContext, Metadata, TraceContext};
pub use position::{Partition, Partitions, Position};
pub use recorded::{Origin, RawEvent, Recorded};
pub use snapshot::SnapshotStore;
pub use store::{AnyStore, AppendError, EventStore, ReadError, StoreError};
pub use stream::{InvalidStreamId, StreamId};
pub use version::{Conflict, ExpectedVersion, Version};
