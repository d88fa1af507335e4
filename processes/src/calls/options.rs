//! The limits of one kind of command.

use std::time::Duration;

use super::{BreakerOptions, LONGEST, RetryBudget};

/// How commands of one kind are carried out.
///
/// A command is tried, and tried again after pauses that grow. Before each try it waits for the
/// circuit of what it calls, and for one of the places of its kind; before each further try
/// also for the retry budget. Waiting is not trying: it costs no attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOptions {
    pub(super) timeout: Duration,
    pub(super) attempts: usize,
    pub(super) pauses: (Duration, Duration),
    pub(super) within: Duration,
    pub(super) concurrency: usize,
    pub(super) budget: Option<RetryBudget>,
    pub(super) dependency: Option<String>,
    pub(super) breaker: Option<BreakerOptions>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl CallOptions {
    /// The default: 10 seconds a try, 5 tries with pauses from a tenth of a second to half a
    /// minute, 15 minutes in all, 64 at once, the default [`RetryBudget`], and no breaker.
    #[must_use]
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            attempts: 5,
            pauses: (Duration::from_millis(100), Duration::from_secs(30)),
            within: Duration::from_secs(15 * 60),
            concurrency: 64,
            budget: Some(RetryBudget::new()),
            dependency: None,
            breaker: None,
        }
    }

    /// How long one try may take; then nobody knows whether it was done.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(LONGEST), ..self }
    }

    /// How often a command is tried, with pauses that grow, until it is given up.
    #[must_use]
    pub fn attempts(self, attempts: usize) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// The first pause between two tries, and the longest. Each is twice as long as the one
    /// before, and up to as much again is added by chance, so that commands that failed
    /// together do not come back together.
    #[must_use]
    pub fn pauses(self, first: Duration, longest: Duration) -> Self {
        let longest = longest.min(LONGEST);
        Self { pauses: (first.min(longest), longest), ..self }
    }

    /// How long a command may be in hand in all, its pauses and its waiting included. No try
    /// begins later; one that has begun has its whole [time](Self::timeout), because to cut it
    /// short would only leave more in doubt.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { within: time.min(LONGEST), ..self }
    }

    /// How many calls of this kind may be under way at once in one worker, whatever the number
    /// of partitions. Calls of other kinds have places of their own.
    #[must_use]
    pub fn concurrency(self, calls: usize) -> Self {
        Self { concurrency: calls.clamp(1, tokio::sync::Semaphore::MAX_PERMITS), ..self }
    }

    /// How many further tries this kind may make for all of its commands together.
    #[must_use]
    pub fn retry_budget(self, budget: RetryBudget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Lets every command be tried again as soon as its pause is over, however many they are.
    #[must_use]
    pub fn without_retry_budget(self) -> Self {
        Self { budget: None, ..self }
    }

    /// What commands of this kind call, such as a payment service. Kinds of one worker that
    /// name the same share a breaker, which this switches on.
    #[must_use]
    pub fn dependency(self, name: impl Into<String>) -> Self {
        Self { dependency: Some(name.into()), ..self }
    }

    /// Switches on a breaker: where calls keep failing, no more are made for a while. Without a
    /// [dependency](Self::dependency) the kind has one of its own. Where kinds that share one
    /// want it differently, the first counts, and a warning says so.
    #[must_use]
    pub fn breaker(self, breaker: BreakerOptions) -> Self {
        Self { breaker: Some(breaker), ..self }
    }

    /// How many commands may be in hand at once, those that wait included.
    pub(super) fn room(&self) -> usize {
        self.concurrency.saturating_mul(4).min(10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_becomes_the_nearest_that_does() {
        let options = CallOptions::new().attempts(0).concurrency(0).within(Duration::MAX);
        assert_eq!((options.attempts, options.concurrency, options.within), (1, 1, LONGEST));
        let options = options.pauses(Duration::from_secs(3), Duration::from_secs(2));
        assert_eq!(options.pauses, (Duration::from_secs(2), Duration::from_secs(2)));
    }

    #[test]
    fn the_room_is_bounded() {
        assert_eq!(CallOptions::new().concurrency(2).room(), 8);
        assert_eq!(CallOptions::new().concurrency(usize::MAX).room(), 10_000);
    }
}
