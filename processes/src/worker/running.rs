//! A worker at work.

use std::fmt;
use std::sync::Arc;

use annals_projections::{Operations, RunError, Running, Views};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::boundary::{Boundary, Hook};
use crate::calls::Calls;
use crate::monitor::{Monitor, Seen};
use crate::troubles::Trouble;

/// A worker at work.
///
/// # Dropping
/// Where it is dropped without [`stop`](Self::stop), commands in hand are given up and come
/// again, and the leases run out.
#[must_use = "a worker that is dropped stops"]
pub struct RunningProcesses {
    pub(super) running: Running,
    pub(super) stop: watch::Sender<bool>,
    pub(super) tasks: JoinSet<()>,
    pub(super) seen: Arc<Seen>,
    pub(super) hook: Hook,
}

impl RunningProcesses {
    /// The views of the worker: the [agenda](crate::Agenda) and the [overview](crate::Overview).
    #[must_use]
    pub fn views(&self) -> Views {
        self.running.views()
    }

    /// Status and dead letters of what hands the events over; see
    /// [`Operations`](annals_projections::Operations).
    #[must_use]
    pub fn operations(&self) -> Operations {
        self.running.operations()
    }

    /// What is seen of this worker, for who looks after it, also from elsewhere in the program.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.seen.monitor()
    }

    /// The calls of this worker: see [`Monitor::calls`].
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        self.monitor().calls()
    }

    /// What keeps this worker from going on with instances: see [`Monitor::troubles`].
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.monitor().troubles()
    }

    /// Waits until everything that is in the log now was handed to its processes.
    ///
    /// # Errors
    /// Something has stopped before, or the log or the store failed.
    pub async fn caught_up(&self) -> Result<(), RunError> {
        self.running.caught_up().await
    }

    /// Stops: what is in hand is done to the end, as long as the
    /// [grace](crate::ProcessOptions::grace) lasts, and the leases are handed over. Commands that can
    /// only wait for a circuit are given up at once, and come again. A policy has no such grace:
    /// its commands have the rest of a [lease](crate::Processes::lease) at most, and then come again.
    ///
    /// # Errors
    /// The leases could not be given back; they run out.
    pub async fn stop(mut self) -> Result<(), RunError> {
        self.stop.send_replace(true);
        self.hook.at(Boundary::Stopping).await;
        while self.tasks.join_next().await.is_some() {}
        self.hook.at(Boundary::Stopped).await;
        self.running.stop().await
    }
}

impl fmt::Debug for RunningProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningProcesses").finish_non_exhaustive()
    }
}
