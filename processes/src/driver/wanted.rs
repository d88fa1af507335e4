//! Whether an instance still waits for its command.

use std::time::Duration;

use tokio::time::Instant;

use crate::Process;
use crate::calls::Wanted;
use crate::instances::Instances;

/// For so long it is believed that an instance waits for a command which it has waited for.
const FRESH: Duration = Duration::from_secs(1);

/// A command of an instance.
pub(super) struct Waiting<'a, P: Process> {
    instances: &'a Instances<P>,
    instance: &'a str,
    task: u32,
    /// Until when it need not be asked again; `None` where the first try has to ask as well.
    fresh: Option<Instant>,
}

impl<'a, P: Process> Waiting<'a, P> {
    /// The instance was asked just now.
    pub(super) fn new(instances: &'a Instances<P>, instance: &'a str, task: u32) -> Self {
        Self { instances, instance, task, fresh: Some(Instant::now() + FRESH) }
    }

    /// Only what the log says counts, at the very moment of each try.
    pub(super) fn strictly(self) -> Self {
        Self { fresh: None, ..self }
    }
}

impl<P: Process> Wanted for Waiting<'_, P> {
    async fn is_wanted(&self, attempt: u32) -> bool {
        if attempt == 1 && self.fresh.is_some_and(|fresh| Instant::now() < fresh) {
            return true;
        }
        let asked = self.instances.still_waits_for(self.instance, self.task).await;
        // Where the log cannot be asked, the instance waits, as far as is known.
        asked.unwrap_or(self.fresh.is_some())
    }
}
