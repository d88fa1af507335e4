//! The PostgreSQL event store of the `annals` crate.

#[cfg(feature = "testing")]
pub mod testing;
