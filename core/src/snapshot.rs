//! Snapshots: a state kept so that not all of its events need to be read again.

pub(crate) mod codec;
pub(crate) mod shape;

pub use codec::SnapshotCodec;
