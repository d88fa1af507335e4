//! How often, and how soon, a command is tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How a command is retried after a conflict, a transient failure or doubt.
///
/// The first retry comes at once, the others after exponentially growing
/// delays with jitter, so that writers who collided do not collide again.
/// Whatever the number of attempts, the call's deadline ends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    shortest: Duration,
    longest: Duration,
}

impl Retry {
    /// At most this many attempts, the first included; 0 counts as 1.
    #[must_use]
    pub const fn attempts(attempts: u32) -> Self {
        let (shortest, longest) = (Duration::from_millis(1), Duration::from_millis(100));
        Self { attempts, shortest, longest }
    }

    /// One attempt: the first conflict is the answer.
    #[must_use]
    pub const fn never() -> Self {
        Self::attempts(1)
    }

    /// The delays between attempts, before jitter, which at most doubles them;
    /// 1 ms to 100 ms by default.
    #[must_use]
    pub const fn delays(self, shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, ..self }
    }

    /// The delay before each retry.
    pub(super) fn pauses(self) -> impl Iterator<Item = Duration> + Send {
        let retries = self.attempts.saturating_sub(1) as usize;
        let growing = ExponentialBuilder::default()
            .with_min_delay(self.shortest)
            .with_max_delay(self.longest)
            .without_max_times()
            .with_jitter()
            .build();
        std::iter::once(Duration::ZERO).chain(growing).take(retries)
    }
}

impl Default for Retry {
    /// 10 attempts.
    fn default() -> Self {
        Self::attempts(10)
    }
}
