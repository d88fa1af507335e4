//! Events that could not be taken.

use time::OffsetDateTime;

use super::{ModelId, Unit};
use crate::{EventId, Partition, Position, StreamId, Version};

/// An event that was parked: a reference into the log, not a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Where it was to be applied.
    pub unit: Unit,
    /// Its place in the partition of the unit.
    pub position: Position,
    /// Its id.
    pub event: EventId,
    /// Its stream.
    pub stream: StreamId,
    /// Its version in the stream.
    pub version: Version,
    /// The stored name of its type.
    pub name: String,
    /// The keys that it touches, as texts; they are all parked.
    pub keys: Vec<String>,
    /// Why it failed, for the event that did; `None` for those behind it, which wait.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was parked, by the clock of the store.
    pub parked_at: OffsetDateTime,
    /// What is to become of it.
    pub wish: Option<Wish>,
    /// How many wishes there were about it, so that two equal ones are told apart.
    pub wishes: u64,
}

/// What is to become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Try it again, in its order.
    Retry,
    /// Leave it out for good.
    Skip {
        /// Who has decided so, and why.
        note: String,
    },
}

/// Which dead letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LetterQuery {
    /// Of this read model; all without.
    pub name: Option<String>,
    /// Of this version; all without.
    pub version: Option<u32>,
    /// Of this unit.
    pub unit: Option<Unit>,
    /// Of this partition of the log; all without.
    pub partition: Option<Partition>,
    /// Those that touch this key.
    pub key: Option<String>,
    /// At this position.
    pub position: Option<Position>,
    /// Behind this one, to list them in pages.
    pub after: Option<(Unit, Position)>,
    /// Only those with a wish.
    pub wished: bool,
    /// At most so many.
    pub limit: Option<u64>,
}

impl LetterQuery {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of a version of a read model.
    #[must_use]
    pub fn of(model: &ModelId) -> Self {
        Self { name: Some(model.name.clone()), version: Some(model.version), ..Self::default() }
    }

    /// Those of a unit.
    #[must_use]
    pub fn unit(unit: Unit) -> Self {
        Self { unit: Some(unit), ..Self::default() }
    }

    /// Those of this partition of the log, whose positions are numbered apart from those of
    /// all others.
    #[must_use]
    pub fn partition(self, partition: Partition) -> Self {
        Self { partition: Some(partition), ..self }
    }

    /// Those that touch this key.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The one at this position.
    #[must_use]
    pub fn at(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }

    /// Those behind this one.
    #[must_use]
    pub fn after(self, letter: &DeadLetter) -> Self {
        Self { after: Some((letter.unit.clone(), letter.position)), ..self }
    }

    /// Only those with a wish.
    #[must_use]
    pub fn wished(self) -> Self {
        Self { wished: true, ..self }
    }

    /// At most so many.
    #[must_use]
    pub fn limit(self, letters: u64) -> Self {
        Self { limit: Some(letters), ..self }
    }

    /// Whether a letter is among them, its place in the pages and the limit aside.
    #[must_use]
    pub fn names(&self, letter: &DeadLetter) -> bool {
        let model = &letter.unit.model;
        self.name.as_ref().is_none_or(|name| *name == model.name)
            && self.version.is_none_or(|version| version == model.version)
            && self.unit.as_ref().is_none_or(|unit| *unit == letter.unit)
            && self.partition.is_none_or(|partition| partition == letter.unit.partition)
            && self.key.as_ref().is_none_or(|key| letter.keys.contains(key))
            && self.position.is_none_or(|position| position == letter.position)
            && (!self.wished || letter.wish.is_some())
    }
}
