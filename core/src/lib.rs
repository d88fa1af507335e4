//! Event sourcing and CQRS for Rust.

// Nothing calls the inner half of `codec` and `snapshot` yet.
#[allow(dead_code)]
mod codec;
pub mod event;
#[allow(dead_code)]
mod snapshot;

pub use annals_macros::Event;
pub use codec::{Codec, InvalidPayload, Mismatch, Payload, UnknownCodec};
pub use event::Event;
pub use snapshot::SnapshotCodec;
