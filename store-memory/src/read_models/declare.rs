//! Making versions of read models known.

use std::sync::Arc;

use annals::read_model::{Declaration, DeclareError, ModelId, Unit, VersionState};
use annals::{Checkpoint, StoreError};

use super::Inner;
use super::state::{Built, UnitState, Versions};

impl Inner {
    pub(super) fn declare(&self, declared: &Declaration) -> Result<VersionState, DeclareError> {
        let id = ModelId::new(&declared.id.name, declared.id.version)?;
        let mut state = self.lock();
        let versions = state.models.get(&id.name);
        if let Some(versions) = versions {
            check_log(versions, declared)?;
        }
        let Some(known) = versions.and_then(|versions| versions.get(&id.version)) else {
            check_age(versions, &id)?;
            let first = versions.is_none_or(Versions::is_empty);
            let role = if first { VersionState::Current } else { VersionState::Building };
            let versions = state.models.entry(id.name).or_default();
            versions.insert(id.version, Built::new(declared, role));
            drop(state);
            self.moved.notify_waiters();
            self.stirred.notify_waiters();
            return Ok(role);
        };
        known.check(declared)?;
        let role = known.state;
        let units = known.units.iter().map(|(u, state)| (u.partition, state.checkpoint.position()));
        let searched = declared.check_searched(&known.declaration.events, units);
        let token = state.next();
        if let Err(refused) = searched {
            // Who feeds it moves on while the log is searched.
            if !declared.searched.is_empty()
                && let Some(known) = state.built_mut(&id)
            {
                known.end_leases(token);
            }
            return Err(refused);
        }
        let ended = state.built_mut(&id).is_some_and(|known| known.renew(declared, token));
        drop(state);
        if ended {
            self.stirred.notify_waiters();
        }
        Ok(role)
    }
}

/// All versions of a read model are fed from one log: else they could not be compared,
/// and tokens would mean two things.
fn check_log(versions: &Versions, declared: &Declaration) -> Result<(), DeclareError> {
    let mut known = versions.values().map(|built| &built.declaration);
    let Some(other) = known.find(|known| known.log != declared.log) else {
        return Ok(());
    };
    let (id, log) = (declared.id.clone(), declared.log);
    Err(DeclareError::AnotherLog { id, known: other.log, log })
}

fn check_age(versions: Option<&Versions>, id: &ModelId) -> Result<(), DeclareError> {
    match versions.and_then(|versions| versions.keys().next()) {
        Some(&oldest) if id.version < oldest => {
            Err(DeclareError::Discarded { id: id.clone(), oldest })
        }
        _ => Ok(()),
    }
}

impl Built {
    fn new(declared: &Declaration, state: VersionState) -> Self {
        let mut declaration = declared.clone();
        declaration.slices = declared.slices.max(1);
        declaration.searched.clear();
        let slices = 0..declaration.slices;
        let partitions = declared.partitions.iter();
        let units = partitions.flat_map(|partition| {
            let of = move |slice| Unit { model: declared.id.clone(), partition, slice };
            let start = Checkpoint::start(declared.log, partition);
            slices.clone().map(move |slice| (of(slice), UnitState::at(start)))
        });
        Self {
            units: units.collect(),
            fingerprint: declared.fingerprint(),
            declaration,
            state,
            documents: Arc::default(),
            tables: Default::default(),
        }
    }

    fn check(&self, declared: &Declaration) -> Result<(), DeclareError> {
        let (known, id, slices) = (&self.declaration, &declared.id, declared.slices.max(1));
        if (known.shape, known.slices) != (declared.shape, slices) {
            return Err(DeclareError::Different {
                id: id.clone(),
                known: known.shape,
                known_slices: known.slices,
                declared: declared.shape,
                slices,
            });
        }
        if known.partitions != declared.partitions {
            let reason = format!("{id} is fed from a log of another number of partitions");
            return Err(StoreError::permanent(reason).into());
        }
        declared.check_newer(known)
    }

    /// Takes the events of a later code. Where they differ, the leases of workers with
    /// the earlier one end: they would pass over events which they do not know. Returns
    /// whether leases have ended.
    fn renew(&mut self, declared: &Declaration, token: u64) -> bool {
        let fingerprint = declared.fingerprint();
        self.declaration.events.clone_from(&declared.events);
        self.declaration.revision = declared.revision;
        if self.fingerprint == fingerprint {
            return false;
        }
        self.fingerprint = fingerprint;
        self.end_leases(token);
        true
    }

    fn end_leases(&mut self, token: u64) {
        for unit in self.units.values_mut() {
            (unit.token, unit.holder, unit.report) = (token, None, None);
        }
    }
}
