//! Given what has happened, when something happens, then the process does this. Nothing is
//! written, no time passes but by hand, and the code that decides is the one that workers use.
//!
#![doc = include_str!("../docs/testing.md")]

mod history;
mod scenario;
mod summary;

pub use history::{ChangedStep, ProcessDifference, ReplayError, compare_history};
pub use scenario::Scenario;

use crate::Process;

/// Begins a test of a process; every process has it once this trait is in scope.
pub trait Given: Process {
    /// A process to which these events have happened, each with its stream.
    ///
    /// # Panics
    /// A stream's id is none: it has a category and a key, such as `order-1`.
    #[track_caller]
    #[must_use = "what is given tests nothing until a `when` and a `then` follow"]
    fn given<'a>(events: impl IntoIterator<Item = (&'a str, Self::Input)>) -> Scenario<Self> {
        Scenario::new().and_given(events)
    }
}

impl<P: Process> Given for P {}
