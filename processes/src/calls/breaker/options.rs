//! When a breaker opens, and when it closes.

use std::time::Duration;

use crate::calls::LONGEST;

/// When a breaker opens, and when it closes again.
///
/// It is closed at first, and calls go through. It opens where enough of them fail: then no
/// call is made for a while, and commands wait. After that it is half open: few calls are made
/// as trials. It closes when enough of them were answered, and opens anew when one fails.
///
/// A refusal is an answer. A call that was given up, because its worker was stopped, says
/// nothing. All else is a failure, and so is a call whose time ran out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerOptions {
    pub(super) failures: u32,
    pub(super) percent: u32,
    pub(super) window: Duration,
    pub(crate) open_for: Duration,
    pub(super) trials: u32,
    pub(super) answers: u32,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl BreakerOptions {
    /// The default: it opens when 20 calls have failed within half a minute and they are half of
    /// the calls of that time; it stays open for 10 seconds; then it makes one trial at a time,
    /// and closes after two answers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            failures: 20,
            percent: 50,
            window: Duration::from_secs(30),
            open_for: Duration::from_secs(10),
            trials: 1,
            answers: 2,
        }
    }

    /// How many calls must have failed within the [window](Self::window). Failures are often
    /// quicker than answers, and come first where many calls begin at once: too few would then
    /// stand for all.
    #[must_use]
    pub fn failures(self, failures: u32) -> Self {
        Self { failures: failures.max(1), ..self }
    }

    /// Which part of the calls of the [window](Self::window) must have failed, in percent; 0
    /// where their number is enough.
    #[must_use]
    pub fn percent(self, percent: u32) -> Self {
        Self { percent: percent.min(100), ..self }
    }

    /// How long a call counts, to a tenth of this time; a hundredth of a second at least.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Self { window: window.clamp(Duration::from_millis(10), LONGEST), ..self }
    }

    /// How long no call is made.
    #[must_use]
    pub fn open_for(self, time: Duration) -> Self {
        Self { open_for: time.min(LONGEST), ..self }
    }

    /// How many trials may be under way at once.
    #[must_use]
    pub fn trials(self, trials: u32) -> Self {
        Self { trials: trials.max(1), ..self }
    }

    /// How many trials must be answered for it to close.
    #[must_use]
    pub fn answers(self, answers: u32) -> Self {
        Self { answers: answers.max(1), ..self }
    }
}
