//! Saved folds of streams: disposable, never on the path of a command, and
//! never trusted beyond what can be checked.

mod store;

pub use store::{AnySnapshotStore, SnapshotStore, StoredSnapshot};
