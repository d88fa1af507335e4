//! The in-memory event store of the `annals` crate.
