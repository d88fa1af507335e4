//! Why a throw-away server or database is not there.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a throw-away server or database could not be made or moved.
///
/// The messages are for the person who runs the tests: each carries what the
/// failing program has said. No message shows a URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestServerError {
    /// The programs of a PostgreSQL server are not on this machine.
    #[error(
        "found no PostgreSQL server (the programs initdb and postgres) in {}; install one with \
         `apt-get install postgresql`, `dnf install postgresql-server` or `brew install \
         postgresql@17`, or name the folder of its programs in ANNALS_POSTGRES_BIN",
        list(searched)
    )]
    NotFound {
        /// The folders in which both programs were looked for.
        searched: Vec<PathBuf>,
    },

    /// A program of the server ended with a failure.
    #[error("{program} has failed and said:\n{output}")]
    Failed {
        /// The name of the program, such as `initdb`.
        program: String,
        /// The last lines of what it wrote.
        output: String,
    },

    /// Something did not happen in time.
    #[error("{what} has not come within {} s; the server has said:\n{output}", limit.as_secs())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long it was waited for.
        limit: Duration,
        /// The last lines of the server's log; empty where they do not matter.
        output: String,
    },

    /// No connection to the server could be made.
    #[error("could not connect to the server of the tests")]
    Connect(#[source] sqlx::Error),

    /// The server has refused a statement that makes or drops a database.
    #[error("could not {what}")]
    Statement {
        /// What the statement was to do, with the name of the database.
        what: String,
        /// What the server has answered.
        source: sqlx::Error,
    },

    /// The operating system has refused something.
    #[error("could not {what}")]
    Io {
        /// What was to be done, with the path where there is one.
        what: String,
        /// What the system has answered.
        source: io::Error,
    },
}

impl TestServerError {
    /// A function that puts what was to be done before an error of the system.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

fn list(folders: &[PathBuf]) -> String {
    let folders: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    if folders.is_empty() { "the usual places".to_owned() } else { folders.join(", ") }
}
