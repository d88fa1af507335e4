//! How the program ends, as scripts and health checks see it.

use std::process::ExitCode;

/// The exit codes; the README promises them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done, and all is well.
    Good,
    /// The answer is no: impaired, not clean, different, or refused.
    No,
    /// Queries are answered from a state that does not move.
    Bad,
    /// It could not be done or asked: a wrong command line, no connection.
    Failed,
    /// Somebody has interrupted it.
    Interrupted,
}

impl Exit {
    /// Whether everything is well, or the answer is no.
    pub(crate) fn of(good: bool) -> Self {
        if good { Exit::Good } else { Exit::No }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Good => 0,
            Exit::No => 1,
            Exit::Bad => 2,
            Exit::Failed => 3,
            // What a shell says of a program that Ctrl-C has ended.
            Exit::Interrupted => 130,
        })
    }
}
