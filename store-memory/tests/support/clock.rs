//! A clock that is set by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::Clock;
use time::OffsetDateTime;

#[derive(Debug, Clone)]
pub(crate) struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(OffsetDateTime::now_utc())))
    }

    pub(crate) fn advance(&self, time: Duration) {
        *self.0.lock().expect("nobody panics with a clock") += time;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().expect("nobody panics with a clock")
    }
}
