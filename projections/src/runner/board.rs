//! How the units of this runner are doing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals::Checkpoint;
use annals::read_model::{Report, Unit};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::meter;

/// The longest text of what went wrong, in characters.
const TEXT: usize = 1_000;

/// What the units say of themselves.
#[derive(Default)]
pub(crate) struct Board {
    /// A std mutex: it is never held across an await.
    units: Mutex<BTreeMap<Unit, Local>>,
    /// The most events of a step, of units whose steps took long: what they have learned
    /// outlasts a lease that was lost for it.
    limits: Mutex<BTreeMap<Unit, usize>>,
    /// Rings when a unit has moved, or is in trouble.
    pub(crate) news: Notify,
}

#[derive(Debug, Clone)]
struct Local {
    checkpoint: Option<Checkpoint>,
    trouble: Option<Trouble>,
    /// Whether events are parked that are tried again by themselves.
    aside: bool,
    events: u64,
    since: Instant,
}

/// What keeps a unit from going on.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) reason: String,
    pub(crate) since: OffsetDateTime,
    /// Whether it stays until somebody mends it.
    pub(crate) stands: bool,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Unit, Local>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, unit: &Unit, change: impl FnOnce(&mut Local)) {
        let fresh = || Local {
            checkpoint: None,
            trouble: None,
            aside: false,
            events: 0,
            since: Instant::now(),
        };
        change(self.lock().entry(unit.clone()).or_insert_with(fresh));
        self.news.notify_waiters();
    }

    /// A unit stands here, by the store. What has kept it from going on may still do so.
    pub(crate) fn stands(&self, unit: &Unit, checkpoint: Checkpoint) {
        self.change(unit, |local| local.checkpoint = Some(checkpoint));
    }

    /// A unit has come so far, and so has overcome what has kept it back.
    pub(crate) fn moved(&self, unit: &Unit, checkpoint: Checkpoint, events: usize) {
        let mended = self.lock().get(unit).is_some_and(|local| local.trouble.is_some());
        if mended {
            tracing::info!(target: "annals", %unit, "the read model goes on");
        }
        self.change(unit, |local| {
            local.checkpoint = Some(checkpoint);
            local.trouble = None;
            local.events += events as u64;
        });
    }

    /// Notes what went wrong; what goes wrong again in the same way is not logged again.
    pub(crate) fn trouble(&self, unit: &Unit, reason: &str, stands: bool) {
        let reason: String = reason.chars().take(TEXT).collect();
        self.change(unit, |local| {
            let known = local.trouble.as_ref();
            if known.is_some_and(|known| known.reason == reason) {
                return;
            }
            meter::trouble(unit);
            let since = known.map_or_else(OffsetDateTime::now_utc, |known| known.since);
            if stands {
                tracing::error!(target: "annals", %unit, %reason, "the read model has stopped");
            } else {
                tracing::warn!(target: "annals", %unit, %reason, "the read model tries again");
            }
            local.trouble = Some(Trouble { reason, since, stands });
        });
    }

    /// Whether a unit has events that are parked and tried again by themselves.
    pub(crate) fn aside(&self, unit: &Unit, aside: bool) {
        self.change(unit, |local| local.aside = aside);
    }

    /// Whether any unit here has such events.
    pub(crate) fn has_asides(&self) -> bool {
        self.lock().values().any(|local| local.aside)
    }

    /// Steps of a unit take long: how many events the next one may have.
    pub(crate) fn is_slow(&self, unit: &Unit, limit: usize) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.insert(unit.clone(), limit);
    }

    /// With how many events a unit should begin.
    pub(crate) fn limit(&self, unit: &Unit) -> Option<usize> {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.get(unit).copied()
    }

    pub(crate) fn gone(&self, unit: &Unit) {
        self.lock().remove(unit);
        self.news.notify_waiters();
    }

    pub(crate) fn reached(&self, unit: &Unit) -> Option<Checkpoint> {
        self.lock().get(unit)?.checkpoint
    }

    /// How far the units of a read model have come that are fed here, whatever its version.
    pub(crate) fn fed(&self, name: &str) -> Vec<(Unit, Checkpoint)> {
        let units = self.lock();
        let of_model = units.iter().filter(|(unit, _)| unit.model.name == name);
        of_model.filter_map(|(unit, local)| Some((unit.clone(), local.checkpoint?))).collect()
    }

    /// A unit that nothing but a person can help.
    pub(crate) fn stopped(&self) -> Option<(Unit, Trouble)> {
        let units = self.lock();
        let mut stopped =
            units.iter().filter_map(|(unit, local)| Some((unit, local.trouble.as_ref()?)));
        let (unit, trouble) = stopped.find(|(_, trouble)| trouble.stands)?;
        Some((unit.clone(), trouble.clone()))
    }

    /// What is said of each unit, with its rate since this was asked last.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let now = Instant::now();
        let mut units = self.lock();
        let report = |(unit, local): (&Unit, &mut Local)| {
            let seconds = now.duration_since(local.since).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
            let rate = if seconds > 0.0 { local.events as f64 / seconds } else { 0.0 };
            (local.events, local.since) = (0, now);
            Report {
                unit: unit.clone(),
                rate,
                trouble: local.trouble.as_ref().map(|trouble| trouble.reason.clone()),
                since: local.trouble.as_ref().map(|trouble| trouble.since),
                stopped: local.trouble.as_ref().is_some_and(|trouble| trouble.stands),
            }
        };
        units.iter_mut().map(report).collect()
    }
}
