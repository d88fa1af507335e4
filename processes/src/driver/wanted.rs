//! Carries out what is still wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Driver;
use crate::Process;
use crate::executor::{Call, Executor, Failure};

/// For so long it is believed that an instance waits for a command which it has waited for.
const FRESH: Duration = Duration::from_secs(1);

/// An executor for one command, which asks before each later try whether the instance still
/// waits for it: it may have waited long for its circuit, and a person have decided otherwise.
pub(super) struct Wanted<P: Process, X> {
    driver: Arc<Driver<P, X>>,
    instance: String,
    task: u32,
    asked: Instant,
}

impl<P: Process, X> Wanted<P, X> {
    /// The instance was asked just now.
    pub(super) fn new(driver: Arc<Driver<P, X>>, instance: &str, task: u32) -> Self {
        Self { driver, instance: instance.to_owned(), task, asked: Instant::now() }
    }
}

impl<P, X> Executor<P::Command> for Wanted<P, X>
where
    P: Process,
    X: Executor<P::Command, Reply = P::Reply>,
{
    type Reply = P::Reply;

    async fn execute(&self, command: &P::Command, call: &Call) -> Result<P::Reply, Failure> {
        if call.attempt > 1 || self.asked.elapsed() > FRESH {
            let asked = self.driver.instances.still_waits_for(&self.instance, self.task).await;
            // Where the log cannot be asked, that is no answer of who is called.
            if matches!(asked, Ok(false)) {
                return Err(Failure::refused("it is not wanted any more"));
            }
        }
        self.driver.executor.execute(command, call).await
    }

    fn fallback(&self, command: &P::Command, failure: &Failure) -> Option<P::Reply> {
        self.driver.executor.fallback(command, failure)
    }
}
