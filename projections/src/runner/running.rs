//! A runner that runs.

use std::fmt;
use std::sync::Arc;

use annals::StoreError;
use annals::read_model::ModelId;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::RunError;
use super::feeder::Shared;
use super::feeding::Feeding;
use crate::{Operations, Views};

/// A runner at work. Its read models are asked through [`views`](Self::views).
///
/// # Dropping
/// When it is dropped without [`stop`](Self::stop), all steps under way are abandoned, of
/// which nothing stays, and the leases run out: whoever comes next waits for that. So stop
/// it also where something else has failed.
#[must_use = "a runner that is dropped stops feeding"]
pub struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) models: Vec<ModelId>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Running {
    pub(super) fn new(
        shared: Arc<Shared>,
        models: Vec<ModelId>,
        stop: watch::Sender<bool>,
        task: JoinHandle<Result<(), StoreError>>,
    ) -> Self {
        Self { shared, models, stop, task }
    }

    /// What the views hold, for queries.
    #[must_use]
    pub fn views(&self) -> Views {
        Views::any(self.shared.models.clone())
    }

    /// Status, dead letters, versions and audits of all read models in the store.
    #[must_use]
    pub fn operations(&self) -> Operations {
        Operations::any(self.shared.log.clone(), self.shared.models.clone())
    }

    /// Stops: the steps in hand are finished, within the time of a lease, or rolled back;
    /// then the leases are handed over.
    ///
    /// # Errors
    /// The leases could not be given back; they run out. Everything else is as it should
    /// be.
    pub async fn stop(mut self) -> Result<(), RunError> {
        // Nobody listens where the task has panicked, which is told below.
        self.stop.send_replace(true);
        match (&mut self.task).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(StoreError::permanent(error).into()),
        }
    }

    /// Which parts of a read model are fed here, and how far they have come: for work that is
    /// to be done where its read model is fed.
    #[must_use]
    pub fn feeding(&self, name: &str) -> Feeding {
        Feeding { shared: self.shared.clone(), name: name.to_owned(), told: None }
    }

    /// Waits until the read models of this runner, whoever feeds them, have come to where
    /// the log ends now.
    ///
    /// # Errors
    /// One has stopped before, or the log or the store failed.
    pub async fn caught_up(&self) -> Result<(), RunError> {
        super::caught_up::wait(&self.shared, &self.models).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("models", &self.models).finish_non_exhaustive()
    }
}
