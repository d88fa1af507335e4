//! Who works on what.

use annals::read_model::{
    Candidate, CommitError, Heartbeat, Lease, Resumed, Share, Unit, WorkerId, assigned,
};
use time::OffsetDateTime;

use super::Inner;
use super::state::{Holder, State, UnitState, Worker, until};

impl Inner {
    pub(super) fn share(&self, heartbeat: &Heartbeat) -> Share {
        let mut state = self.lock();
        let now = self.now();
        let others_gain_or_lose = state.note(heartbeat, now);
        let share = state.deal(heartbeat, now);
        for report in &heartbeat.reports {
            if let Some(unit) = state.unit_mut(&report.unit)
                && unit.is_held_by(heartbeat.worker)
            {
                unit.report = Some(report.clone());
            }
        }
        drop(state);
        if others_gain_or_lose {
            self.stirred.notify_waiters();
        }
        share
    }

    pub(super) fn hand_over(&self, leases: &[Lease]) {
        let mut state = self.lock();
        for lease in leases {
            if let Some(unit) = state.unit_mut(&lease.unit)
                && unit.token == lease.token
                && unit.is_held_by(lease.worker)
            {
                unit.holder = None;
            }
        }
        drop(state);
        self.stirred.notify_waiters();
    }

    pub(super) fn leave(&self, worker: WorkerId) {
        let mut state = self.lock();
        state.workers.remove(&worker);
        for (_, unit) in state.units_mut().filter(|(_, unit)| unit.is_held_by(worker)) {
            unit.holder = None;
        }
        drop(state);
        self.stirred.notify_waiters();
    }

    pub(super) fn resume(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        let state = self.lock();
        let now = self.now();
        let built = state.built(&lease.unit.model).ok_or(CommitError::Fenced)?;
        let unit = built.units.get(&lease.unit).filter(|unit| unit.obeys(lease, now));
        let unit = unit.ok_or(CommitError::Fenced)?;
        let mut parked: Vec<_> = unit.letters.values().flat_map(|l| l.keys.clone()).collect();
        parked.sort();
        parked.dedup();
        let alone = built.units.keys().all(|unit| unit.partition == lease.unit.partition);
        Ok(Resumed { checkpoint: unit.checkpoint, hold: unit.hold(now), parked, alone })
    }
}

impl State {
    /// Notes that a worker is alive, and forgets those who are not. Returns whether units
    /// fall to others than before.
    fn note(&mut self, heartbeat: &Heartbeat, now: OffsetDateTime) -> bool {
        let before = self.workers.len();
        self.workers.retain(|id, worker| *id == heartbeat.worker || now < worker.alive_until);
        let lost = self.workers.len() < before;
        let alive_until = until(now, heartbeat.lease);
        let worker = Worker { alive_until, models: heartbeat.models.clone() };
        let old = self.workers.insert(heartbeat.worker, worker);
        lost || old.is_none_or(|old| old.models != heartbeat.models)
    }

    /// The units of the models that a worker can feed: those which were declared last as
    /// its code declares them.
    fn feeds(&self, worker: &Worker) -> Vec<Unit> {
        let known = worker.models.iter().filter_map(|(id, fingerprint)| {
            self.built(id).filter(|built| built.fingerprint == *fingerprint)
        });
        known.flat_map(|built| built.units.keys().cloned()).collect()
    }

    fn deal(&mut self, heartbeat: &Heartbeat, now: OffsetDateTime) -> Share {
        let candidate = |(id, worker): (&WorkerId, &Worker)| Candidate {
            worker: *id,
            units: self.feeds(worker),
        };
        let candidates: Vec<_> = self.workers.iter().map(candidate).collect();
        let falls_to = assigned(&candidates);
        let own = candidates.into_iter().find(|own| own.worker == heartbeat.worker);
        let mut units = own.map_or_else(Vec::new, |own| own.units);
        // A model may be named twice.
        units.sort();
        units.dedup();
        let mut share = Share::default();
        for unit in units {
            let falls = falls_to.get(&unit) == Some(&heartbeat.worker);
            let token = self.next();
            let Some(state) = self.unit_mut(&unit) else { continue };
            if !state.give(heartbeat, token, falls, now) {
                continue;
            }
            if !falls {
                share.surplus.push(unit.clone());
            }
            if state.has_wishes() {
                share.wishes.push(unit.clone());
            }
            let (worker, length) = (heartbeat.worker, heartbeat.lease);
            share.leases.push(Lease { unit, worker, token: state.token, length });
        }
        share
    }
}

impl UnitState {
    /// Renews the lease of the worker, or gives it one under the new token, if the unit is
    /// its own or falls to it and is free. A lease that has run out is renewed if nobody
    /// has taken it meanwhile. Returns whether the worker holds it.
    fn give(
        &mut self,
        heartbeat: &Heartbeat,
        token: u64,
        falls: bool,
        now: OffsetDateTime,
    ) -> bool {
        let (held, free) = (self.is_held_by(heartbeat.worker), self.is_free(now));
        let gives = if free { falls } else { held };
        if gives {
            if !held {
                (self.token, self.report) = (token, None);
            }
            let (worker, label) = (heartbeat.worker, heartbeat.label.clone());
            self.holder = Some(Holder { worker, label, until: until(now, heartbeat.lease) });
        }
        gives
    }
}
