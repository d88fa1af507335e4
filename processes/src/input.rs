//! What a process takes in.

use std::fmt;

use annals::Recorded;
use serde::{Deserialize, Serialize};

use crate::Process;

/// What a process takes in, one after the other.
pub enum Input<'a, P: Process> {
    /// An event that is [routed](Process::route) to it.
    Event(&'a Recorded<P::Input>),
    /// A command was done.
    Done {
        /// The command.
        command: &'a P::Command,
        /// What it brought back.
        reply: &'a P::Reply,
    },
    /// A command will not be done: it was refused, or tried often enough.
    Failed {
        /// The command.
        command: &'a P::Command,
        /// Why.
        failure: &'a Failed,
    },
    /// The time of a timer has come.
    Timer(&'a P::Timer),
    /// Everything is undone, after [`Reaction::compensate`](crate::Reaction::compensate). The
    /// process ends when the commands that it now asks for are done.
    Compensated {
        /// Why it was undone.
        reason: &'a str,
    },
}

impl<P: Process> fmt::Debug for Input<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Input::Event(_) => "Event",
            Input::Done { .. } => "Done",
            Input::Failed { .. } => "Failed",
            Input::Timer(_) => "Timer",
            Input::Compensated { .. } => "Compensated",
        })
    }
}

/// Why a command will not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// What the last try said, or for what it had waited when its time was over; at most 1,000
    /// characters, and none of them NUL, which no log keeps.
    pub reason: String,
    /// Whether it may have been done all the same: a try may have been left without its answer,
    /// also by a worker that is no more. It is not where the command was refused, and the worker
    /// that was told so has had an answer to each of its tries.
    pub in_doubt: bool,
}

/// How a command ended that may need undoing.
#[derive(Debug, PartialEq, Eq)]
pub enum Completion<'a, R> {
    /// It was done, and brought this back.
    Done(&'a R),
    /// It was given up, and may have been done.
    InDoubt,
}

impl<R> Clone for Completion<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Completion<'_, R> {}
