//! Saved folds of streams: disposable, never on the path of a command, and
//! never trusted beyond what can be checked.
//!
//! A repository with [snapshots](crate::Repository::snapshots) loads the newest
//! one and folds the events behind it. It discards a snapshot, with a warning,
//! and reads all events instead, where
//!
//! - the shape of the state has changed, by a fingerprint of all fields and
//!   variants that stands beside each snapshot;
//! - the shape cannot be traced, and this code would write the state which it
//!   has read in another way;
//! - [`Aggregate::REVISION`](crate::Aggregate::REVISION) has changed;
//! - the stream does not hold the event with which the snapshot ends, as after
//!   the restore of an older backup;
//! - the state does not decode.
//!
//! # What nobody can check
//!
//! A state that another `evolve` has folded looks like any other. So raise
//! `REVISION` whenever `evolve` changes at all: also when it begins to use a
//! field which older events may already carry, and when the meaning of a field
//! of the state changes, or its `serde(with)` or `serde(try_from)`. During a
//! rolling deployment older code folds newer events too, without the fields that
//! it does not know, and saves the result.
//!
//! Two versions of the code that run side by side replace each other's
//! snapshots, because a stream has one: each load by the one that did not write
//! it last reads all events. It costs time until the older version is gone, and
//! never truth.
//!
//! # How they are written
//!
//! Snapshots are written by a task of their own, from a bounded queue that drops
//! what does not fit: a missing snapshot costs time, never truth. Each is read
//! back before it is saved, and only saved if it gives the same state, as far as
//! serde sees it. Fields that are `#[serde(skip)]`ped come back with
//! their default, so do not skip what `evolve` builds;
//! [`assert_snapshot_equals_replay`](crate::testing::assert_snapshot_equals_replay)
//! finds it.
//!
//! # Other folds
//! Views that are kept in memory, of the crate `annals-projections`, have
//! snapshots in the same stores, under streams of the category [`VIEW_CATEGORY`],
//! which no aggregate can have. [`SnapshotFormat`] is what both go by.

pub(crate) mod codec;
mod format;
mod keeper;
mod policy;
pub(crate) mod shape;
mod store;
mod writer;

pub use codec::SnapshotCodec;
pub use format::{SnapshotFormat, UnfitSnapshot};
pub(crate) use keeper::{Restored, Snapshots};
pub use policy::SnapshotPolicy;
pub use store::{AnySnapshotStore, SnapshotStore, StoredSnapshot, VIEW_CATEGORY};
