//! Several versions of one read model: holding, switching, discarding.

use std::collections::BTreeMap;

use annals::read_model::{Hold, HoldError, HoldId, ModelId, SwitchError, VersionState};
use annals::{Checkpoint, Partition, Position};

use super::Inner;
use super::state::{Built, Held, until};

impl Inner {
    pub(super) fn hold(&self, hold: &Hold) -> Result<(), HoldError> {
        let Hold { name, versions, by, length } = hold;
        let mut state = self.lock();
        let now = self.now();
        let unknown = || HoldError::Unknown { name: name.clone(), versions: *versions };
        let kept = state.models.get_mut(name).ok_or_else(unknown)?;
        if !versions.iter().all(|version| kept.contains_key(version)) {
            return Err(unknown());
        }
        let mut ahead: BTreeMap<Partition, Checkpoint> = BTreeMap::new();
        let mut renewed = true;
        for (_, built) in kept.iter().filter(|(version, _)| versions.contains(version)) {
            for (unit, state) in &built.units {
                match state.held(now) {
                    Some(held) if held.by != *by => {
                        return Err(HoldError::Taken { name: name.clone() });
                    }
                    held => renewed &= held.is_some(),
                }
                let most = ahead.entry(unit.partition).or_insert(state.checkpoint);
                if most.position() < state.checkpoint.position() {
                    *most = state.checkpoint;
                }
            }
        }
        let until = until(now, *length);
        for (_, built) in kept.iter_mut().filter(|(version, _)| versions.contains(version)) {
            for (unit, state) in &mut built.units {
                // Who renews it keeps the place.
                let before = state.hold(now).filter(|_| renewed);
                let at = before.or_else(|| ahead.get(&unit.partition).copied());
                state.held = at.map(|at| Held { at, by: *by, until });
            }
        }
        drop(state);
        self.stirred.notify_waiters();
        Ok(())
    }

    pub(super) fn release(&self, name: &str, by: Option<HoldId>) {
        let mut state = self.lock();
        let kept = state.models.get_mut(name).into_iter().flat_map(BTreeMap::values_mut);
        for unit in kept.flat_map(|built| built.units.values_mut()) {
            unit.held.take_if(|held| by.is_none_or(|by| by == held.by));
        }
        drop(state);
        self.stirred.notify_waiters();
    }

    pub(super) fn switch(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        let mut state = self.lock();
        let unknown = || unknown(name, to);
        let kept = state.models.get_mut(name).ok_or_else(unknown)?;
        let new = kept.get(&to).ok_or_else(unknown)?;
        let old = kept.values().find(|built| built.state == VersionState::Current);
        if let Some(partition) = old.and_then(|old| new.behind(old)) {
            return Err(SwitchError::Behind { id: new.declaration.id.clone(), partition });
        }
        for (version, built) in kept {
            if *version == to {
                built.state = VersionState::Current;
            } else if built.state == VersionState::Current {
                built.state = VersionState::Previous;
            }
        }
        drop(state);
        self.moved.notify_waiters();
        self.stirred.notify_waiters();
        Ok(())
    }

    pub(super) fn discard(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        let mut state = self.lock();
        let unknown = || unknown(name, version);
        let kept = state.models.get_mut(name).ok_or_else(unknown)?;
        let built = kept.get(&version).ok_or_else(unknown)?;
        if built.state == VersionState::Current {
            return Err(SwitchError::Current { id: built.declaration.id.clone() });
        }
        kept.remove(&version);
        drop(state);
        self.stirred.notify_waiters();
        Ok(())
    }
}

fn unknown(name: &str, version: u32) -> SwitchError {
    SwitchError::Unknown { id: ModelId { name: name.to_owned(), version } }
}

impl Built {
    /// A partition in which queries would go back in time with this version after `old`.
    ///
    /// In the same slices each unit has the documents of its counterpart. In others a
    /// document of a fast unit may be a slow unit's now, so that the slowest must have
    /// come as far as the fastest had.
    fn behind(&self, old: &Built) -> Option<Partition> {
        let alike = self.declaration.slices == old.declaration.slices;
        old.units.iter().find_map(|(unit, state)| {
            let counterparts = self.units.iter().filter(|(own, _)| {
                own.partition == unit.partition && (!alike || own.slice == unit.slice)
            });
            let slowest = counterparts.map(|(_, own)| own.checkpoint.position()).min();
            let behind = slowest.unwrap_or(Position::START) < state.checkpoint.position();
            behind.then_some(unit.partition)
        })
    }
}
