//! What is seen of the calls of a worker.

use time::OffsetDateTime;

/// The calls of one kind in one worker, as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    /// The process whose commands they are.
    pub process: &'static str,
    /// The [kind](crate::Process::kind) of the commands.
    pub kind: String,
    /// How many calls are under way.
    pub under_way: usize,
    /// How many commands are in hand and wait: for a place, for the end of a pause, for the
    /// retry budget or for the circuit.
    pub waiting: usize,
    /// How many tries were not the first of their command, since the worker began.
    pub retried: u64,
    /// The circuit of what they call, if it has a breaker.
    pub circuit: Option<Circuit>,
    /// The last try that was not answered.
    pub last_error: Option<CallError>,
}

/// A try that was not answered: it may have passed since.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallError {
    /// What it said, as the executor has put it; at most 1,000 characters.
    pub error: String,
    /// When.
    pub at: OffsetDateTime,
    /// Since when no try of this kind was answered; `None` where one was after it.
    pub failing_since: Option<OffsetDateTime>,
}

/// The circuit of something that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Circuit {
    /// What is called: its [name](crate::CallOptions::dependency), or `<process>/<kind>`.
    pub dependency: String,
    /// Whether calls are made.
    pub state: CircuitState,
    /// How often it has opened since the worker began.
    pub opened: u64,
}

/// Whether calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitState {
    /// They are.
    Closed {
        /// Since when.
        since: OffsetDateTime,
    },
    /// They are not: commands wait.
    Open {
        /// Since when.
        since: OffsetDateTime,
        /// When the next command that waits is tried.
        until: OffsetDateTime,
    },
    /// A few are tried.
    HalfOpen {
        /// Since when.
        since: OffsetDateTime,
    },
}

impl CircuitState {
    /// Whether calls are made without a limit of the breaker.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, CircuitState::Closed { .. })
    }
}
