//! What has become of the events, counted: the books of an audit.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::DeadLetter;
use crate::{Checkpoint, EventId, Partition, Position};

/// How many positions a block of an audit has.
pub const BLOCK: u64 = 65_536;

/// An event as it is counted: a hash of its partition, position and id (XXH3, 64 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The block that it belongs to.
    pub block: u64,
    /// Its hash.
    pub hash: u64,
}

impl Mark {
    /// The mark of an event.
    #[must_use]
    pub fn of(partition: Partition, position: Position, event: EventId) -> Self {
        let mut bytes = [0; 26];
        bytes[..2].copy_from_slice(&partition.get().to_be_bytes());
        bytes[2..10].copy_from_slice(&position.get().to_be_bytes());
        bytes[10..].copy_from_slice(event.as_uuid().as_bytes());
        Self { block: position.get() / BLOCK, hash: xxh3_64(&bytes) }
    }
}

/// How many events, and the exclusive or of their hashes, which their order does not
/// change. What is added twice is seen by the count. As a change the count may be
/// negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub count: i64,
    /// The exclusive or of their hashes.
    pub hash: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), hash: self.hash ^ other.hash }
    }

    fn add(&mut self, hash: u64) {
        *self = self.plus(Self { count: 1, hash });
    }

    fn remove(&mut self, hash: u64) {
        *self = self.plus(Self { count: -1, hash });
    }
}

/// What has become of the events of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tallies {
    /// Those in the read model.
    pub applied: Tally,
    /// Those that are dead letters.
    pub parked: Tally,
    /// Those that somebody has skipped.
    pub skipped: Tally,
}

impl Tallies {
    /// All of them: what was selected from the log.
    #[must_use]
    pub fn selected(&self) -> Tally {
        self.applied.plus(self.parked).plus(self.skipped)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            applied: self.applied.plus(other.applied),
            parked: self.parked.plus(other.parked),
            skipped: self.skipped.plus(other.skipped),
        }
    }

    /// An event was applied.
    pub fn apply(&mut self, mark: Mark) {
        self.applied.add(mark.hash);
    }

    /// An event was parked.
    pub fn park(&mut self, mark: Mark) {
        self.parked.add(mark.hash);
    }

    /// A parked event was applied after all.
    pub fn revive(&mut self, mark: Mark) {
        self.parked.remove(mark.hash);
        self.applied.add(mark.hash);
    }

    /// A parked event was skipped.
    pub fn skip(&mut self, mark: Mark) {
        self.parked.remove(mark.hash);
        self.skipped.add(mark.hash);
    }
}

/// The books of a unit, in one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// What has become of the events, by block.
    pub blocks: BTreeMap<u64, Tallies>,
    /// Its dead letters.
    pub letters: Vec<DeadLetter>,
}
