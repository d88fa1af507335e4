//! What a worker calls, and whether that answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_processes::{Calls, CircuitState, RunningProcesses};
use serde::Serialize;
use time::OffsetDateTime;

/// The circuits of a worker, as long as it is at work. A clone looks at the same worker.
#[derive(Debug, Clone)]
pub(crate) struct Circuits(Arc<Mutex<Option<RunningProcesses>>>);

/// Something outside that orders need.
#[derive(Debug, Serialize)]
pub(crate) struct Called {
    pub(crate) name: String,
    pub(crate) state: State,
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
    /// How many commands wait for it.
    pub(crate) waiting: usize,
}

/// Whether it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is.
    Closed,
    /// It has failed so often that it is not.
    Open,
    /// A few calls try whether it answers again.
    HalfOpen,
}

impl Circuits {
    pub(super) fn of(running: RunningProcesses) -> Self {
        Self(Arc::new(Mutex::new(Some(running))))
    }

    /// The worker, for who ends it.
    pub(super) fn take(&self) -> Option<RunningProcesses> {
        self.worker().take()
    }

    /// The calls of the worker, by kind; none where it has ended.
    pub(crate) fn calls(&self) -> Vec<Calls> {
        self.worker().as_ref().map(RunningProcesses::calls).unwrap_or_default()
    }

    /// Everything that has a circuit, by its name.
    pub(crate) fn look(&self) -> Vec<Called> {
        let mut all = BTreeMap::new();
        for Calls { circuit, waiting, .. } in self.calls() {
            let Some(circuit) = circuit else { continue };
            let (state, since) = match circuit.state {
                CircuitState::Open { since, .. } => (State::Open, since),
                CircuitState::HalfOpen { since } => (State::HalfOpen, since),
                CircuitState::Closed { since } => (State::Closed, since),
                // States that this code does not know yet.
                _ => continue,
            };
            let name = circuit.dependency;
            // Kinds that call the same share its circuit.
            let called = Called { name: name.clone(), state, since, waiting: 0 };
            all.entry(name).or_insert(called).waiting += waiting;
        }
        all.into_values().collect()
    }

    fn worker(&self) -> MutexGuard<'_, Option<RunningProcesses>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
