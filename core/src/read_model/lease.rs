//! Who works on what.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::ModelId;
use crate::Partition;

/// What one worker works on at a time: a partition's part of a version of a read model,
/// or one slice of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    /// The version of the read model.
    pub model: ModelId,
    /// The partition of the log.
    pub partition: Partition,
    /// The slice of the keys, from 0.
    pub slice: u16,
}

/// Units are shared out in this order: those of one partition together, because they read
/// the same events.
impl Ord for Unit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let place = |unit: &Self| (unit.partition, unit.slice);
        place(self).cmp(&place(other)).then_with(|| self.model.cmp(&other.model))
    }
}

impl PartialOrd for Unit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, partition {}, slice {}", self.model, self.partition, self.slice)
    }
}

/// The name of a worker: one for each start of a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A new worker's.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two default values must not differ")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The worker with this id.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to work on a unit, until it runs out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The unit.
    pub unit: Unit,
    /// Who holds it.
    pub worker: WorkerId,
    /// The fencing token: it rises each time that the unit changes hands.
    pub token: u64,
    /// For how long each renewal gives it.
    pub length: Duration,
}

/// What a worker says of itself, several times within a lease.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// The worker.
    pub worker: WorkerId,
    /// What people call it: its host and process.
    pub label: String,
    /// How long its leases are to last.
    pub lease: Duration,
    /// What it can feed: each version with the fingerprint of its declaration.
    pub models: Vec<(ModelId, u64)>,
    /// How its units are doing, where there is something to say.
    pub reports: Vec<Report>,
}

/// How a unit is doing, by the word of its holder.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The unit.
    pub unit: Unit,
    /// Events it has handled a second, lately.
    pub rate: f64,
    /// What keeps it from going on, such as an error, and what can be done.
    pub trouble: Option<String>,
    /// Since when.
    pub since: Option<OffsetDateTime>,
    /// Whether it has given up until somebody mends it.
    pub stopped: bool,
}

/// What falls to a worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// The leases that it holds now.
    pub leases: Vec<Lease>,
    /// Those of them which it should hand over when its step is done.
    pub surplus: Vec<Unit>,
    /// Those for which there are wishes about dead letters.
    pub wishes: Vec<Unit>,
}
