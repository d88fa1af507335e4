//! What is committed at once.

use bytes::Bytes;
use std::collections::BTreeMap;

use super::{DeadLetter, DocumentKey, Tallies, Wish};
use crate::{Checkpoint, Position};

/// A document: JSON, as UTF-8.
pub type Document = Bytes;

/// Where a unit stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Resumed {
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// Where it is held.
    pub hold: Option<Checkpoint>,
    /// The keys that are parked, as texts.
    pub parked: Vec<String>,
    /// Whether no other unit feeds the same documents, because there is one partition; its
    /// slices have no key in common. What was loaded once need not be loaded again under the
    /// same lease.
    pub alone: bool,
}

/// What a unit commits together with what it has written.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where the unit stands before.
    pub from: Checkpoint,
    /// Where it stands behind it; the same where only dead letters are settled.
    pub to: Checkpoint,
    /// What has become of the events, by block, as changes.
    pub tallies: BTreeMap<u64, Tallies>,
    /// Events that are parked from now on.
    pub parked: Vec<DeadLetter>,
    /// Dead letters that are settled.
    pub settled: Vec<Settled>,
}

impl Step {
    /// A step that moves nothing yet.
    #[must_use]
    pub fn from(checkpoint: Checkpoint) -> Self {
        Self {
            from: checkpoint,
            to: checkpoint,
            tallies: BTreeMap::new(),
            parked: Vec::new(),
            settled: Vec::new(),
        }
    }
}

/// What has become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The place of the event.
    pub position: Position,
    /// How many [wishes](DeadLetter::wishes) there were when it was looked at: a later one
    /// is not answered by this, and stays.
    pub wishes: u64,
    /// What has become of it.
    pub how: Settlement,
}

/// What has become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// It is in the read model, or was skipped, and is forgotten here, also if there was a
    /// later wish.
    Gone,
    /// It has failed again: the reason. Its wish is fulfilled, and it stays.
    Failed {
        /// Why.
        reason: String,
    },
    /// It still waits behind another one; its wish is fulfilled.
    Waits,
}

/// What a worker learns when it has committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Where the unit is held.
    pub hold: Option<Checkpoint>,
    /// Whether there are wishes about its dead letters.
    pub wishes: bool,
}

/// Which version to ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Which {
    /// The current version of the read model of this name.
    Current(String),
    /// This one.
    Version(super::ModelId),
}

/// Which documents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Documents {
    /// Those under these keys; there may be none.
    Under(Vec<DocumentKey>),
    /// The next ones in the order of the keys.
    After {
        /// Those behind this key; from the first without.
        key: Option<DocumentKey>,
        /// At most so many.
        limit: u64,
    },
}

impl Wish {
    /// The note of who skips.
    #[must_use]
    pub fn skip(note: impl Into<String>) -> Self {
        Wish::Skip { note: note.into() }
    }
}
