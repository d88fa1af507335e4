//! Event sourcing and CQRS for Rust.

// Nothing calls the inner half of these two yet.
#[allow(dead_code)]
mod codec;
pub mod event;

pub use annals_macros::Event;
pub use codec::{Codec, InvalidPayload, Mismatch, Payload, UnknownCodec};
pub use event::Event;
