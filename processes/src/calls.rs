//! How commands are carried out: limits of one kind of command.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::executor::{Call, Executor, Failure};
use crate::input::Failed;
use crate::instances::told;

/// How commands of one kind are carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOptions {
    pub(crate) timeout: Duration,
    pub(crate) attempts: usize,
    pub(crate) concurrency: usize,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl CallOptions {
    /// The default: 10 seconds a try, 5 tries, 64 at once.
    #[must_use]
    pub fn new() -> Self {
        Self { timeout: Duration::from_secs(10), attempts: 5, concurrency: 64 }
    }

    /// How long one try may take; then nobody knows whether it was done.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How often a command is tried, with pauses that grow, until it is given up.
    #[must_use]
    pub fn attempts(self, attempts: usize) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// How many calls may be under way at once in one process.
    #[must_use]
    pub fn concurrency(self, calls: usize) -> Self {
        Self { concurrency: calls.max(1), ..self }
    }
}

/// Carries out the commands of one kind.
pub(crate) struct Caller {
    options: CallOptions,
    permits: Semaphore,
}

impl Caller {
    pub(crate) fn new(options: CallOptions) -> Self {
        let permits = Semaphore::new(options.concurrency.min(Semaphore::MAX_PERMITS));
        Self { options, permits }
    }

    /// How many commands may be in hand at once, those that rest between two tries included.
    pub(crate) fn room(&self) -> usize {
        self.options.concurrency.saturating_mul(4).min(10_000)
    }

    /// Carries a command out, as often as it takes.
    pub(crate) async fn call<C, X: Executor<C>>(
        &self,
        executor: &X,
        command: &C,
        mut call: Call,
    ) -> Result<X::Reply, Failed> {
        let pauses = ExponentialBuilder::default().with_jitter();
        let pauses = pauses.with_min_delay(Duration::from_millis(100));
        let pauses = pauses.with_max_delay(Duration::from_secs(30));
        let mut pauses = pauses.with_max_times(self.options.attempts - 1).build();
        let mut in_doubt = false;
        loop {
            let failure = match self.attempt(executor, command, &call).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            in_doubt |= matches!(failure, Failure::Unknown(_));
            let pause = match failure {
                Failure::Refused(_) => None,
                _ => pauses.next(),
            };
            let Some(pause) = pause else {
                let reason = failure.to_string();
                return executor.fallback(command, &failure).ok_or(Failed { reason, in_doubt });
            };
            sleep(pause).await;
            call.attempt = call.attempt.saturating_add(1);
        }
    }

    async fn attempt<C, X: Executor<C>>(
        &self,
        executor: &X,
        command: &C,
        call: &Call,
    ) -> Result<X::Reply, Failure> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(Failure::passing("the worker is stopping"));
        };
        let work = AssertUnwindSafe(executor.execute(command, call)).catch_unwind();
        match timeout(self.options.timeout, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Failure::unknown(format!("it panicked: {}", told(&*panic)))),
            Err(_) => Err(Failure::unknown(format!(
                "it was not answered within {:?}",
                self.options.timeout
            ))),
        }
    }
}
