//! How an instance is doing.

use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;

use crate::Overview;
use crate::step::{Phase, What};

/// How an instance is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A command is due, and carried out or about to be.
    Working,
    /// It waits: for a timer, a command whose time has not come, or events.
    Waiting,
    /// It undoes what was done.
    Compensating,
    /// It waits for a person's decision.
    Parked,
    /// It has ended.
    Ended,
    /// It was ended by somebody.
    Abandoned,
}

impl Overview {
    /// How the instance is doing at a moment.
    #[must_use]
    pub fn standing(&self, now: OffsetDateTime) -> Standing {
        let is_due = |task: &crate::step::Task| {
            task.due <= now && matches!(task.what, What::Command { .. } | What::GoOn)
        };
        match self.book.phase {
            Phase::Ended => Standing::Ended,
            Phase::Abandoned => Standing::Abandoned,
            _ if self.book.is_parked() => Standing::Parked,
            Phase::Compensating { .. } => Standing::Compensating,
            _ if self.book.open.values().any(is_due) => Standing::Working,
            _ => Standing::Waiting,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Standing::Working => "working",
            Standing::Waiting => "waiting",
            Standing::Compensating => "compensating",
            Standing::Parked => "parked",
            Standing::Ended => "ended",
            Standing::Abandoned => "abandoned",
        })
    }
}
