//! How many further tries a kind may make.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// What one further try costs.
const PRICE: u64 = 1_000_000_000;

/// How many further tries the commands of a kind may make together, in proportion to how many
/// commands there are. It keeps a service that has trouble from being called several times as
/// often as on a good day. A command for which nothing is left waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget {
    percent: u32,
    per_second: u32,
    burst: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryBudget {
    /// The default: one further try for five commands, and ten a second beside; one hundred
    /// that were not needed are kept for later.
    #[must_use]
    pub fn new() -> Self {
        Self { percent: 20, per_second: 10, burst: 100 }
    }

    /// How many further tries one hundred commands add.
    #[must_use]
    pub fn percent(self, percent: u32) -> Self {
        Self { percent, ..self }
    }

    /// How many further tries each second adds; at least one, so that nobody waits for ever.
    #[must_use]
    pub fn per_second(self, tries: u32) -> Self {
        Self { per_second: tries.max(1), ..self }
    }

    /// How many further tries are kept for later; so many there are at the beginning.
    #[must_use]
    pub fn burst(self, tries: u32) -> Self {
        Self { burst: tries.max(1), ..self }
    }
}

/// What is left of a budget.
///
/// The budget of tower is not used: it answers yes or no only, so that everybody who was told
/// no would have to ask again and again; what is left of it cannot be seen; and it rounds the
/// proportion to a whole number of commands for a try.
pub(super) struct Bucket {
    options: RetryBudget,
    left: Mutex<Left>,
    /// Who waits, in the order in which they came: only the first looks.
    line: tokio::sync::Mutex<()>,
    added: Notify,
}

struct Left {
    /// In parts of a try, [`PRICE`] of them for one.
    tries: u64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(options: RetryBudget) -> Self {
        let tries = u64::from(options.burst) * PRICE;
        let left = Mutex::new(Left { tries, at: Instant::now() });
        Self { options, left, line: tokio::sync::Mutex::default(), added: Notify::new() }
    }

    /// A command is tried for the first time.
    pub(super) fn add(&self) {
        self.give(u64::from(self.options.percent) * (PRICE / 100));
    }

    /// Waits for a further try, and takes it. Dropping it takes nothing.
    pub(super) async fn take(&self) -> Paid<'_> {
        let _first = self.line.lock().await;
        while let Err(wait) = self.try_take() {
            // Whether something was added or the time is over: the next look tells.
            let _ = timeout(wait, self.added.notified()).await;
        }
        Paid { bucket: self, spent: false }
    }

    /// Adds parts of a try, as far as there is room for them.
    fn give(&self, parts: u64) {
        self.with(|options, left| {
            left.tries = left.tries.saturating_add(parts).min(u64::from(options.burst) * PRICE);
        });
        self.added.notify_one();
    }

    /// Takes a further try, or says when there is one at the latest.
    fn try_take(&self) -> Result<(), Duration> {
        self.with(|options, left| match left.tries.checked_sub(PRICE) {
            Some(rest) => {
                left.tries = rest;
                Ok(())
            }
            None => {
                let missing = PRICE - left.tries;
                Err(Duration::from_nanos(missing.div_ceil(u64::from(options.per_second))))
            }
        })
    }

    fn with<T>(&self, what: impl FnOnce(&RetryBudget, &mut Left) -> T) -> T {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = now.saturating_duration_since(left.at).as_nanos();
        let added = passed.saturating_mul(u128::from(self.options.per_second));
        let most = u64::from(self.options.burst) * PRICE;
        let added = u64::try_from(added).unwrap_or(u64::MAX);
        left.tries = left.tries.saturating_add(added).min(most);
        left.at = left.at.max(now);
        what(&self.options, &mut left)
    }
}

/// A further try that was paid for. Dropping it gives it back.
pub(super) struct Paid<'a> {
    bucket: &'a Bucket,
    spent: bool,
}

impl Paid<'_> {
    /// The try begins.
    pub(super) fn spend(mut self) {
        self.spent = true;
    }
}

impl Drop for Paid<'_> {
    fn drop(&mut self) {
        if !self.spent {
            self.bucket.give(PRICE);
        }
    }
}

#[cfg(test)]
mod tests;
