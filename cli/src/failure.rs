//! What ends the program without an answer; each message says what to do.

use std::io;
use std::path::PathBuf;

use annals::ReadError;
use annals::history::{ExportError, ImportError};
use annals::read_model::SwitchError;
use annals_postgres::{ConnectError, MigrateError, Schema};
use annals_processes::DecideError;
use annals_projections::QueryError;
use annals_projections::operations::Failed;
use annals_publisher::PublisherError;

use crate::exit::Exit;
use crate::letters::NoLetter;
use crate::processes::NoInstance;
use crate::publishers::NotStopped;
use crate::rebuild::Refusal;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "it is not said which database: give its URL by --url, or, so that nobody sees a password \
         in it, by the environment variable ANNALS_URL"
    )]
    NoUrl,
    #[error(
        "there is no log in schema `{schema}` of this database: correct --url or --schema; a log \
         is made by the service, by `PostgresStore::migrate`, or by `annals import --create`"
    )]
    NoLog { schema: Schema },
    #[error(
        "there are no read models in schema `{schema}` of this database: correct --models-url or \
         --models-schema; room for them is made by the service, by `PostgresReadModels::migrate`"
    )]
    NoReadModels { schema: Schema },
    #[error("the log cannot be opened")]
    Log(#[source] ConnectError),
    #[error("the read models cannot be opened")]
    Models(#[source] ConnectError),
    #[error("the log cannot be made")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Operation(#[from] Failed),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    NoLetter(#[from] NoLetter),
    #[error(transparent)]
    NoInstance(#[from] NoInstance),
    #[error(transparent)]
    NotStopped(#[from] NotStopped),
    #[error("what the log keeps of publishers cannot be read or changed")]
    Publisher(#[from] PublisherError),
    #[error("nothing was decided")]
    Decide(#[from] DecideError),
    #[error("what is known of processes cannot be read")]
    Query(#[from] QueryError),
    #[error("the log could not be read")]
    Read(#[from] ReadError),
    #[error("the log was not exported")]
    Export(#[from] ExportError),
    #[error("the history was not imported")]
    Import(#[from] ImportError),
    #[error("{} cannot be {what}", path.display())]
    File { path: PathBuf, what: &'static str, source: io::Error },
    #[error("the output could not be written")]
    Output(#[source] io::Error),
    #[error("the program could not be started")]
    Runtime(#[source] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// How the program ends with it: a refusal is an answer, of a kind.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Interrupted => Exit::Interrupted,
            Failure::Refused(_) | Failure::NoLetter(_) | Failure::NoInstance(_) => Exit::No,
            Failure::NotStopped(_) => Exit::No,
            Failure::Decide(
                DecideError::Unknown | DecideError::Over | DecideError::NothingToDecide,
            ) => Exit::No,
            Failure::Operation(Failed::NotTogether { .. } | Failed::Compare(_)) => Exit::No,
            Failure::Operation(Failed::Switch(SwitchError::Store(_))) => Exit::Failed,
            Failure::Operation(Failed::Switch(_)) => Exit::No,
            Failure::Import(error) => match error {
                ImportError::Source { .. } | ImportError::Read(_) | ImportError::Append { .. } => {
                    Exit::Failed
                }
                _ => Exit::No,
            },
            _ => Exit::Failed,
        }
    }
}
