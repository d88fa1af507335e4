//! Why a read-model store refuses.

use std::collections::BTreeMap;

use super::{MAX_NAME_BYTES, ModelId, Shape};
use crate::{Checkpoint, LogId, Partition, Position, StoreError};

/// The name cannot be that of a read model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` version {version} cannot be a read model: its name has 1 to {MAX_NAME_BYTES} of the \
     characters a-z, 0-9 and _, begins with a letter, and versions count from 1"
)]
pub struct InvalidName {
    /// The name, cut where it is too long.
    pub name: String,
    /// The version.
    pub version: u32,
}

/// Why a worker may not feed a read model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclareError {
    /// The name is not one.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// Something else goes by this name and version: another kind of read model, or keys
    /// of another type, or another number of slices.
    #[error(
        "{id} is kept as {known}, in {known_slices} slices, and this code declares {declared}, in \
         {slices}: raise its version, so that it is built anew, or give it another name"
    )]
    Different {
        /// The read model.
        id: ModelId,
        /// As what it is known.
        known: Shape,
        /// In how many slices.
        known_slices: u16,
        /// As what it was declared.
        declared: Shape,
        /// In how many slices.
        slices: u16,
    },
    /// The code does not know events that the read model handles: it is older than the
    /// code of other workers.
    #[error(
        "{id} handles events which this code does not know, or not in so new a version ({}): \
         deploy the newer code here too, or raise the version if they are no longer handled: of \
         a process or a policy the revision",
        .missing.join(", ")
    )]
    OlderCode {
        /// The read model.
        id: ModelId,
        /// The names of the events.
        missing: Vec<String>,
    },
    /// The code has an earlier revision than that of other workers, which may handle less.
    #[error(
        "{id} was declared in revision {known}, and the revision of this code is {revision}: \
         deploy the newer code here too, or raise the revision if this code is to take its place"
    )]
    OlderRevision {
        /// The read model.
        id: ModelId,
        /// The revision that was declared last.
        known: u32,
        /// The revision of this code.
        revision: u32,
    },
    /// The code handles types of events that the version did not handle before, and the
    /// version has gone on without it: such events may be among those that were passed over.
    /// Search the log up to there, and declare it with what was
    /// [searched](super::Declaration::searched); the runner does.
    #[error(
        "{id} did not handle {} before, and may have passed over such events: search the log for \
         them, and raise the version if there are any",
        .added.join(", ")
    )]
    Unsearched {
        /// The read model.
        id: ModelId,
        /// The names of the events.
        added: Vec<String>,
        /// How far it has come in the partitions that were not searched as far.
        at: BTreeMap<Partition, Position>,
    },
    /// The version was discarded, or one newer than it is all that is left.
    #[error(
        "{id} is older than the versions that are kept, of which the oldest is {oldest}: deploy \
         newer code, or raise the version"
    )]
    Discarded {
        /// The read model.
        id: ModelId,
        /// The oldest version there is.
        oldest: u32,
    },
    /// It is fed from another log.
    #[error(
        "{id} is fed from the log {known}, and this is the log {log}: use a store of read models \
         for each log, or discard what was built from the other one"
    )]
    AnotherLog {
        /// The read model.
        id: ModelId,
        /// The log that it is fed from.
        known: LogId,
        /// The log of the worker.
        log: LogId,
    },
    /// The room cannot be made: the name is taken by something else in the database, or
    /// the role may not.
    #[error("there is no room for {id}: {reason}")]
    NoRoom {
        /// The read model.
        id: ModelId,
        /// What is in the way, and what can be done.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a step was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The lease is not in force any more: it ran out, or another worker has it. Nothing
    /// was changed; stop working on the unit.
    #[error("the lease has run out or was taken over: another worker goes on")]
    Fenced,
    /// The unit does not stand where the step begins: an earlier commit of the same
    /// worker, which was in doubt, has come through. Nothing was changed; resume.
    #[error("the unit has moved meanwhile: resume from where it stands")]
    Moved,
    /// The unit is held, and the step goes beyond. Nothing was changed; go as far as the
    /// hold.
    #[error("the unit is held at position {}", .0.position())]
    Held(Checkpoint),
    /// It is unknown whether the step was committed: resume.
    #[error("it is unknown whether the step was committed: resume from where the unit stands")]
    Unknown(#[source] StoreError),
    /// The store failed, or [refuses what was written](StoreError::is_content), which it
    /// may notice only here: a constraint that is deferred, say. Nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why versions are not held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// There are no such versions.
    #[error("there are no versions {} and {} of `{name}`", .versions[0], .versions[1])]
    Unknown {
        /// The name of the read model.
        name: String,
        /// The versions.
        versions: [u32; 2],
    },
    /// Somebody else holds one of them, who compares or switches it just now. Nothing was
    /// changed; try again when he is done, or when his hold has run out.
    #[error(
        "somebody else compares or switches `{name}` just now: try again when that is done, or \
         release it if nobody is there any more"
    )]
    Taken {
        /// The name of the read model.
        name: String,
    },
    /// The store failed; whether the versions are held is unknown, and if so the hold runs
    /// out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a wait for a read model ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachedError {
    /// The deadline passed.
    #[error(
        "the read model `{name}` has not taken the events of the token in time: partition \
         {partition} is behind; ask again, or look at its status"
    )]
    TimedOut {
        /// The read model.
        name: String,
        /// A partition in which it is behind.
        partition: Partition,
    },
    /// The token is of another log than the read model is fed from.
    #[error("the token is of another log than the read model `{name}` is fed from")]
    AnotherLog {
        /// The read model.
        name: String,
    },
    /// There is no such read model.
    #[error("there is no read model `{name}`: has a worker with it ever been started?")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why two versions were not compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// They do not stand at the same place. Hold them, and wait.
    #[error("the versions do not stand at the same place yet, partition {partition}: wait")]
    Apart {
        /// A partition in which they differ.
        partition: Partition,
    },
    /// A version does not exist, or cannot be compared: it lives elsewhere.
    #[error("{id} cannot be compared: it does not exist, or lives elsewhere")]
    Impossible {
        /// The version.
        id: ModelId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a version did not become the current one, or was not discarded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// There is no such version.
    #[error("there is no {id}")]
    Unknown {
        /// The version.
        id: ModelId,
    },
    /// It has not come as far as the current one: queries would go back in time.
    #[error("{id} is behind the current version in partition {partition}: wait until it is not")]
    Behind {
        /// The version.
        id: ModelId,
        /// A partition in which it is behind.
        partition: Partition,
    },
    /// It is the current version, which is not discarded.
    #[error("{id} is the current version: switch to another one first")]
    Current {
        /// The version.
        id: ModelId,
    },
    /// Something in the database depends on what would change.
    #[error("{id}: {reason}")]
    InUse {
        /// The version.
        id: ModelId,
        /// What depends on it.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A projection writes through another session than the store has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the projection `{name}` writes through `{wanted}`, and this store gives `{given}`: implement \
     `Projection` for it, or choose another store"
)]
pub struct SessionMismatch {
    /// The projection.
    pub name: String,
    /// The type that it writes through.
    pub wanted: &'static str,
    /// The type that the store gives.
    pub given: &'static str,
}

/// Why a document was not replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MendError {
    /// There is no such version.
    #[error("there is no {id}")]
    Unknown {
        /// The version.
        id: ModelId,
    },
    /// A unit stands at another place: make the document anew from there.
    #[error("{id} has moved meanwhile: make the document anew")]
    Moved {
        /// The version.
        id: ModelId,
    },
    /// Events of the key are parked.
    #[error(
        "events of the key are parked in {id}: retry or skip its dead letters, which brings the \
         document up to date as well"
    )]
    Parked {
        /// The version.
        id: ModelId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
