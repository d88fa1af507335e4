//! How read models are doing.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{Declaration, Report, Unit};
use crate::Checkpoint;

/// What a version of a read model is to the queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VersionState {
    /// It answers them.
    Current,
    /// It is built to answer them one day.
    Building,
    /// It has answered them, and can again.
    Previous,
}

impl std::fmt::Display for VersionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            VersionState::Current => "current",
            VersionState::Building => "building",
            VersionState::Previous => "previous",
        })
    }
}

/// A version of a read model with its units.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// As it was declared last.
    pub declaration: Declaration,
    /// What it is to the queries.
    pub state: VersionState,
    /// Its units, in their order.
    pub units: Vec<UnitStatus>,
}

/// How a unit is doing, as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitStatus {
    /// The unit.
    pub unit: Unit,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// When its checkpoint moved last.
    pub moved_at: Option<OffsetDateTime>,
    /// Who holds its lease, if it is in force: the worker's label.
    pub holder: Option<String>,
    /// The last word of the holder.
    pub report: Option<Report>,
    /// How many of its events are parked.
    pub parked: u64,
    /// Where it is held, for a comparison.
    pub held_at: Option<Checkpoint>,
    /// What its transaction waits for, where the store can tell, such as the backend of
    /// the database that blocks it.
    pub blocked_by: Option<String>,
}

/// Two versions, compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// By the name of each table (of documents it is that of the read model): how many
    /// rows, and a hash of them all which their order does not change; before and after.
    pub tables: BTreeMap<String, [(u64, u64); 2]>,
    /// The places at which both stand.
    pub at: Vec<Checkpoint>,
}

impl Compared {
    /// Whether both hold the same.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.tables.values().all(|[before, after]| before == after)
    }
}

/// A document or a row that differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The key of the document; for rows without one, the row.
    pub key: String,
    /// As JSON before; `None` where there is none.
    pub before: Option<String>,
    /// As JSON after.
    pub after: Option<String>,
}
