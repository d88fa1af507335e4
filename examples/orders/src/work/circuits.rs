//! What a worker calls, and whether that answers.

use std::collections::BTreeMap;

use annals_processes::{Calls, CircuitState, Monitor};
use serde::Serialize;
use time::OffsetDateTime;

/// The circuits of a worker. A clone looks at the same worker.
#[derive(Debug, Clone)]
pub(crate) struct Circuits(pub(super) Monitor);

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
    /// Everything that has a circuit, by its name.
    pub(crate) fn look(&self) -> Vec<Called> {
        let mut all = BTreeMap::new();
        for Calls { circuit, waiting, .. } in self.0.calls() {
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
}
