//! What a version of a read model is.

use std::collections::BTreeMap;
use std::fmt;

use xxhash_rust::xxh3::Xxh3;

use super::{DeclareError, InvalidName, KeyKind};
use crate::event::Schema;
use crate::{LogId, Partition, Partitions, Position};

/// The greatest length of a read model's name, in bytes. It becomes part of the names of
/// schemas and tables.
pub const MAX_NAME_BYTES: usize = 40;

/// A version of a read model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId {
    /// Its name: 1 to 40 of the characters `a-z`, `0-9` and `_`, beginning with a letter.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
}

impl ModelId {
    /// A version of the read model of this name.
    ///
    /// # Errors
    /// The name is not one, or the version is 0.
    pub fn new(name: &str, version: u32) -> Result<Self, InvalidName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let usual = first && name.bytes().all(plain) && name.len() <= MAX_NAME_BYTES;
        // Versions are kept as integers of 32 bits with a sign.
        if usual && (1..=i32::MAX.cast_unsigned()).contains(&version) {
            Ok(Self { name: name.to_owned(), version })
        } else {
            Err(InvalidName { name: name.chars().take(MAX_NAME_BYTES).collect(), version })
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.name, self.version)
    }
}

/// Where a read model lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// Documents under keys of this kind, in the store.
    Documents(KeyKind),
    /// Tables of the projection's own, in the store.
    Tables,
    /// Elsewhere; the store keeps the checkpoint.
    Elsewhere,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Documents(kind) => write!(f, "documents by {kind}"),
            Shape::Tables => f.write_str("tables"),
            Shape::Elsewhere => f.write_str("elsewhere"),
        }
    }
}

/// A type of event that a read model handles, and up to which schema version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handled {
    /// The stored name of the type.
    pub name: String,
    /// The newest schema version that the code reads.
    pub newest: u16,
}

/// What a worker says of a version of a read model before it feeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Its name and version.
    pub id: ModelId,
    /// Where it lives.
    pub shape: Shape,
    /// The events that it handles, in the order of their names.
    pub events: Vec<Handled>,
    /// From 1, and raised where code handles less than the code before it: what is declared in
    /// a later revision stands in place of what was declared in earlier ones.
    pub revision: u32,
    /// Into how many slices its keys are divided, 1 at least.
    pub slices: u16,
    /// The log that it is fed from.
    pub log: LogId,
    /// The partitions of the log.
    pub partitions: Partitions,
    /// Up to where the worker has looked in each partition for events of types that the
    /// version did not handle before, and has found none. A store does not keep it.
    pub searched: BTreeMap<Partition, Position>,
}

impl Declaration {
    /// A read model in one slice.
    #[must_use]
    pub fn new(
        id: ModelId,
        shape: Shape,
        schemas: &[Schema],
        log: LogId,
        partitions: Partitions,
    ) -> Self {
        let handled = |s: &Schema| Handled { name: s.name.to_owned(), newest: s.newest };
        let mut events: Vec<_> = schemas.iter().map(handled).collect();
        events.sort();
        let searched = BTreeMap::new();
        Self { id, shape, events, revision: 1, slices: 1, log, partitions, searched }
    }

    /// In so many slices.
    #[must_use]
    pub fn slices(self, slices: u16) -> Self {
        Self { slices: slices.max(1), ..self }
    }

    /// In this revision.
    #[must_use]
    pub fn revision(self, revision: u32) -> Self {
        Self { revision, ..self }
    }

    /// A number that differs where the events or the revision differ: workers with another code than
    /// the one that was declared last have no share in it.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        for Handled { name, newest } in &self.events {
            hash.update(name.as_bytes());
            hash.update(&[0]);
            hash.update(&newest.to_be_bytes());
        }
        hash.update(&self.revision.to_be_bytes());
        hash.digest()
    }

    /// Whether events which this code handles and `known` does not may have been passed
    /// over by units that have come so far: they would be missing for good, and nobody would
    /// notice.
    ///
    /// # Errors
    /// They may, because the log was not [searched](Self::searched) as far.
    pub fn check_searched(
        &self,
        known: &[Handled],
        units: impl IntoIterator<Item = (Partition, Position)>,
    ) -> Result<(), DeclareError> {
        let is_added = |own: &&Handled| known.iter().all(|known| known.name != own.name);
        let added: Vec<_> = self.events.iter().filter(is_added).map(|e| e.name.clone()).collect();
        let mut at = BTreeMap::new();
        for (partition, position) in units {
            let farthest = at.entry(partition).or_insert(position);
            *farthest = position.max(*farthest);
        }
        at.retain(|partition, position| {
            *position > self.searched.get(partition).copied().unwrap_or_default()
        });
        if added.is_empty() || at.is_empty() {
            return Ok(());
        }
        Err(DeclareError::Unsearched { id: self.id.clone(), added, at })
    }

    /// Whether this code is as new as the code that was declared last: it handles all that
    /// was handled then, or has a later [revision](Self::revision).
    ///
    /// # Errors
    /// It is older.
    pub fn check_newer(&self, known: &Self) -> Result<(), DeclareError> {
        let id = self.id.clone();
        if self.revision < known.revision {
            let (known, revision) = (known.revision, self.revision);
            return Err(DeclareError::OlderRevision { id, known, revision });
        }
        let missing = self.missing(&known.events);
        if self.revision > known.revision || missing.is_empty() {
            return Ok(());
        }
        Err(DeclareError::OlderCode { id, missing })
    }

    /// The events of `known` that this code does not handle, or not in so new a version.
    #[must_use]
    pub fn missing(&self, known: &[Handled]) -> Vec<String> {
        let handles = |k: &&Handled| {
            self.events.iter().any(|own| own.name == k.name && own.newest >= k.newest)
        };
        known.iter().filter(|k| !handles(k)).map(|k| k.name.clone()).collect()
    }
}
