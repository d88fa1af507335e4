//! How long, and how often, a call tries.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::repository::deadline::after;
use crate::repository::{LoadError, Retry};

/// When a call ends at the latest, and how what fails meanwhile is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) deadline: Instant,
    retry: Retry,
}

impl Patience {
    pub(crate) fn new(deadline: Instant, retry: Retry) -> Self {
        Self { deadline, retry }
    }

    /// Ends work at the deadline.
    pub(crate) async fn limit<T, E: From<LoadError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let timed_out = |_| Err(LoadError::DeadlineExceeded.into());
        tokio::time::timeout_at(self.deadline, work).await.unwrap_or_else(timed_out)
    }

    /// Does again what failed by something that may pass.
    pub(crate) async fn retry<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        may_pass: impl Fn(&E) -> bool,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, E> {
        let mut pauses = self.pauses();
        loop {
            match attempt().await {
                Err(error) if may_pass(&error) && pauses.rest().await => {}
                answer => return answer,
            }
        }
    }

    /// The pauses between attempts, from the first on.
    pub(crate) fn pauses(&self) -> Pauses {
        Pauses { patience: *self, left: None }
    }
}

/// The pauses that one sequence of attempts may still make.
pub struct Pauses {
    patience: Patience,
    /// Made by the first pause: most sequences need none.
    left: Option<Box<dyn Iterator<Item = Duration> + Send>>,
}

impl fmt::Debug for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pauses").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Pauses {
    /// Pauses; `false` if no attempt is left, or the deadline comes first.
    pub async fn rest(&mut self) -> bool {
        let retry = self.patience.retry;
        let left = self.left.get_or_insert_with(|| Box::new(retry.pauses()));
        let Some(pause) = left.next() else {
            return false;
        };
        let until = after(Instant::now(), pause);
        if until >= self.patience.deadline {
            return false;
        }
        if pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep_until(until).await;
        }
        true
    }
}
