//! Event sourcing and CQRS for Rust.

pub mod event;

#[doc(hidden)]
pub use event::private as __private;

pub use annals_macros::Event;
pub use event::Event;
