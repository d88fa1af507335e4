//! What the store keeps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{
    DeadLetter, Declaration, Document, DocumentKey, HoldId, Lease, ModelId, Report, Tallies, Unit,
    VersionState, Which, WorkerId,
};
use annals::{Checkpoint, Position, StoreError};
use time::OffsetDateTime;

use super::tables::Tables;

#[derive(Default)]
pub(super) struct State {
    pub(super) models: BTreeMap<String, Versions>,
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    last: u64,
}

/// The versions of a read model.
pub(super) type Versions = BTreeMap<u32, Built>;

/// A worker that was alive lately.
pub(super) struct Worker {
    pub(super) alive_until: OffsetDateTime,
    pub(super) models: Vec<(ModelId, u64)>,
}

/// A version of a read model.
pub(super) struct Built {
    pub(super) declaration: Declaration,
    pub(super) fingerprint: u64,
    pub(super) state: VersionState,
    pub(super) units: BTreeMap<Unit, UnitState>,
    /// A comparison takes a copy of the pointer, and the next step one of the map.
    pub(super) documents: Arc<BTreeMap<DocumentKey, Row<Document>>>,
    pub(super) tables: Tables,
}

/// A document or a row, and which change it comes from: a transaction that has read it
/// can tell whether it is still the same.
#[derive(Clone)]
pub(super) struct Row<R> {
    pub(super) value: R,
    pub(super) revision: u64,
}

pub(super) struct UnitState {
    pub(super) checkpoint: Checkpoint,
    pub(super) moved_at: Option<OffsetDateTime>,
    pub(super) held: Option<Held>,
    pub(super) token: u64,
    pub(super) holder: Option<Holder>,
    pub(super) report: Option<Report>,
    pub(super) blocks: BTreeMap<u64, Tallies>,
    pub(super) letters: BTreeMap<Position, DeadLetter>,
}

/// Who holds a lease, also when it has run out and nobody has taken it.
pub(super) struct Holder {
    pub(super) worker: WorkerId,
    pub(super) label: String,
    pub(super) until: OffsetDateTime,
}

/// Where a unit is held; it may have run out.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) at: Checkpoint,
    pub(super) by: HoldId,
    pub(super) until: OffsetDateTime,
}

impl State {
    /// A number greater than all before, for leases and changes: what is discarded and
    /// declared again never meets a number of its former life.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn built(&self, id: &ModelId) -> Option<&Built> {
        self.models.get(&id.name)?.get(&id.version)
    }

    pub(super) fn built_mut(&mut self, id: &ModelId) -> Option<&mut Built> {
        self.models.get_mut(&id.name)?.get_mut(&id.version)
    }

    pub(super) fn unit_mut(&mut self, unit: &Unit) -> Option<&mut UnitState> {
        self.built_mut(&unit.model)?.units.get_mut(unit)
    }

    /// Every unit with its state, by model.
    pub(super) fn units(&self) -> impl Iterator<Item = (&Unit, &UnitState)> {
        self.models.values().flat_map(BTreeMap::values).flat_map(|built| &built.units)
    }

    /// Every unit with its state, by model.
    pub(super) fn units_mut(&mut self) -> impl Iterator<Item = (&Unit, &mut UnitState)> {
        let built = self.models.values_mut().flat_map(BTreeMap::values_mut);
        built.flat_map(|built| &mut built.units)
    }

    pub(super) fn current(&self, name: &str) -> Option<&Built> {
        self.models.get(name)?.values().find(|built| built.state == VersionState::Current)
    }

    pub(super) fn which(&self, which: &Which) -> Option<&Built> {
        match which {
            Which::Current(name) => self.current(name),
            Which::Version(id) => self.built(id),
            _ => None,
        }
    }
}

impl UnitState {
    pub(super) fn at(checkpoint: Checkpoint) -> Self {
        Self {
            checkpoint,
            moved_at: None,
            held: None,
            token: 0,
            holder: None,
            report: None,
            blocks: BTreeMap::new(),
            letters: BTreeMap::new(),
        }
    }

    /// Whether this very lease is in force.
    pub(super) fn obeys(&self, lease: &Lease, now: OffsetDateTime) -> bool {
        self.token == lease.token
            && self.holder.as_ref().is_some_and(|h| h.worker == lease.worker && now < h.until)
    }

    pub(super) fn is_held_by(&self, worker: WorkerId) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.worker == worker)
    }

    /// Whether any lease is in force.
    pub(super) fn is_free(&self, now: OffsetDateTime) -> bool {
        self.holder.as_ref().is_none_or(|holder| holder.until <= now)
    }

    /// The hold that is in force.
    pub(super) fn held(&self, now: OffsetDateTime) -> Option<&Held> {
        self.held.as_ref().filter(|held| now < held.until)
    }

    /// Where it is held.
    pub(super) fn hold(&self, now: OffsetDateTime) -> Option<Checkpoint> {
        self.held(now).map(|held| held.at)
    }

    pub(super) fn has_wishes(&self) -> bool {
        self.letters.values().any(|letter| letter.wish.is_some())
    }
}

/// Until when something lasts; at most until the end of the calendar.
pub(super) fn until(now: OffsetDateTime, length: Duration) -> OffsetDateTime {
    let end = time::PrimitiveDateTime::MAX.assume_utc();
    let length = time::Duration::try_from(length).ok();
    length.and_then(|length| now.checked_add(length)).unwrap_or(end)
}

pub(super) fn no_model(which: impl std::fmt::Debug) -> StoreError {
    StoreError::permanent(format!("there is no such read model: {which:?}"))
}
