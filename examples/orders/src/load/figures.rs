//! What a run is told by.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::order::Phase;

/// What clients have seen.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) placed: u64,
    pub(super) cancellations: u64,
    /// Sent again, with the first outcome as the answer.
    pub(super) repeats: u64,
    /// Sent again because of a failure.
    pub(super) retries: u64,
    /// Refused by the shop, or given up.
    pub(super) failed: u64,
    /// A repeat that made another order: this must never be.
    pub(super) doubled: u64,
    times: Vec<Duration>,
}

impl Figures {
    /// A client that has panicked.
    pub(super) fn lost() -> Self {
        Self { failed: 1, ..Self::default() }
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.times.push(time);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.placed += other.placed;
        self.cancellations += other.cancellations;
        self.repeats += other.repeats;
        self.retries += other.retries;
        self.failed += other.failed;
        self.doubled += other.doubled;
        self.times.extend(other.times);
    }

    pub(super) fn told(mut self, all: Duration) -> String {
        self.times.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = self.times.len() as f64 / all.as_secs_f64().max(f64::EPSILON);
        format!(
            "{} orders placed in {all:.1?}; {} cancellations asked for, {} commands repeated, {} \
             retried, {} failed, {} doubled\n{rate:.0} commands a second; half of them within \
             {:.1?}, 95% within {:.1?}, 99% within {:.1?}, the slowest {:.1?}",
            self.placed,
            self.cancellations,
            self.repeats,
            self.retries,
            self.failed,
            self.doubled,
            self.within(50),
            self.within(95),
            self.within(99),
            self.within(100)
        )
    }

    /// The time within which so many of a hundred answers came.
    fn within(&self, percent: usize) -> Duration {
        let place = (self.times.len() * percent).div_ceil(100).saturating_sub(1);
        self.times.get(place).copied().unwrap_or_default()
    }
}

/// How many orders stand where.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Counts(BTreeMap<Phase, u64>);

impl Counts {
    pub(super) fn all(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those that have not ended.
    pub(super) fn open(&self) -> u64 {
        self.0.iter().filter(|(phase, _)| !phase.is_final()).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter().map(|(phase, count)| format!("{count} {}", phase.name()));
        f.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}
