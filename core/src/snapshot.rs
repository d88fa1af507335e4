//! Saved folds of streams: disposable, never on the path of a command, and
//! never trusted beyond what can be checked.
//!
//! A repository with [snapshots](crate::Repository::snapshots) loads the newest
//! one and folds the events behind it. It discards a snapshot, with a warning,
//! and reads all events instead, where
//!
//! - the shape of the state has changed, by a fingerprint of all fields and
//!   variants that stands beside each snapshot;
//! - [`Aggregate::REVISION`](crate::Aggregate::REVISION) has changed: raise it
//!   when `evolve` begins to mean something else for old events;
//! - the stream does not hold the event with which the snapshot ends, as after
//!   the restore of an older backup;
//! - the state does not decode.
//!
//! Snapshots are written by a task of their own, from a bounded queue that drops
//! what does not fit: a missing snapshot costs time, never truth. Each is read
//! back before it is saved. Fields that are `#[serde(skip)]`ped come back with
//! their default, so do not skip what `evolve` builds;
//! [`assert_snapshot_equals_replay`](crate::testing::assert_snapshot_equals_replay)
//! finds it.

pub(crate) mod codec;
mod keeper;
mod policy;
pub(crate) mod shape;
mod store;
mod writer;

pub use codec::SnapshotCodec;
pub(crate) use keeper::{Restored, Snapshots};
pub use policy::SnapshotPolicy;
pub use store::{AnySnapshotStore, SnapshotStore, StoredSnapshot};
