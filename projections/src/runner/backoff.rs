//! Pauses between attempts.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Grows from 50 ms to 10 s, with jitter, and does not end.
pub(crate) struct Backoff {
    seed: u64,
    pauses: Option<ExponentialBackoff>,
}

impl Backoff {
    /// The same seed makes the same pauses: units differ by theirs.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, pauses: None }
    }

    pub(crate) fn reset(&mut self) {
        self.pauses = None;
    }

    pub(crate) fn pause(&mut self) -> Duration {
        let seed = self.seed;
        let builder = || {
            ExponentialBuilder::new()
                .with_min_delay(Duration::from_millis(50))
                .with_max_delay(LONGEST)
                .with_jitter_seed(seed)
                .with_jitter()
                .without_max_times()
                .build()
        };
        self.pauses.get_or_insert_with(builder).next().unwrap_or(LONGEST)
    }
}

/// The longest pause, before jitter.
const LONGEST: Duration = Duration::from_secs(10);
