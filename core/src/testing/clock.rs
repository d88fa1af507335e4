//! Time that stands still until it is moved.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::Clock;

/// A clock that is moved by hand. A clone is another handle to the same clock:
/// hand one to the store and keep one.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves the clock forwards.
    pub fn advance(&self, by: Duration) {
        self.change(|now| *now += by);
    }

    /// Sets the clock, backwards too, as a machine's clock may jump.
    pub fn set(&self, to: OffsetDateTime) {
        self.change(|now| *now = to);
    }

    fn change(&self, change: impl FnOnce(&mut OffsetDateTime)) {
        // One assignment leaves the time whole even if it panics.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for ManualClock {
    /// At the beginning of the Unix epoch.
    fn default() -> Self {
        Self::at(OffsetDateTime::UNIX_EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
