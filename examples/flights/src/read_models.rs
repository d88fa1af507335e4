//! Feeds the read models, and reads them whole.

use annals_projections::{Running, View, Views};

use crate::failure::Failure;
use crate::flight::Flight;
use crate::punctuality::Tally;
use crate::storage::Storage;

/// How many documents are read at once.
const PAGE: u64 = 1_000;

/// Workers that share the read models by leases. Here they live in one process; on
/// several machines they would do the same.
pub(crate) struct Workers(Vec<Running>);

impl Workers {
    pub(crate) async fn start(storage: &Storage, count: u8) -> Result<Self, Failure> {
        let mut workers = Vec::new();
        for number in 1..=count {
            let runner = storage.runner().view::<Tally>().view::<Flight>();
            workers.push(runner.label(format!("worker {number}")).start().await?);
        }
        Ok(Self(workers))
    }

    /// Waits until the read models have taken all that is in the log.
    pub(crate) async fn caught_up(&self) -> Result<(), Failure> {
        for worker in &self.0 {
            worker.caught_up().await?;
        }
        Ok(())
    }

    /// Hands the leases over, so that nobody waits until they run out.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        for worker in self.0 {
            worker.stop().await?;
        }
        Ok(())
    }
}

/// All documents of a view, in the order of their keys.
pub(crate) async fn all<V: View>(views: &Views) -> Result<Vec<(V::Key, V)>, Failure> {
    let mut all: Vec<(V::Key, V)> = Vec::new();
    loop {
        let page = views.page::<V>(all.last().map(|(key, _)| key), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

#[cfg(test)]
mod tests;
