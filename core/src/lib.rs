//! Event sourcing and CQRS for Rust.

pub mod event;

pub use annals_macros::Event;
pub use event::Event;
