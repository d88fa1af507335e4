//! What ends the program with exit code 1.

use annals::{ExecuteError, LoadError, ReadError};
use annals_memory::TableError;
use annals_postgres::testing::TestServerError;
use annals_postgres::{ConnectError, MigrateError, sqlx};
use annals_projections::operations::{Comparison, Failed};
use annals_projections::{QueryError, RunError, StartError};

use crate::account::Refusal;
use crate::bank::TransferError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the log holds events already: give an empty database")]
    NotEmpty,
    #[error("--url is for --store postgres")]
    UrlOfMemory,
    #[error("the versions of `balances` differ by more than the new field:\n{0}")]
    Differs(Box<Comparison>),
    #[error("`balances` was not {what} in time: look at its status")]
    TooLate { what: &'static str },
    #[error("{0} of the invariants do not hold")]
    Invariants(usize),
    #[error("a writer has panicked")]
    Writer,
    #[error("the stores cannot be opened")]
    Connect(#[from] ConnectError),
    #[error("the tables of the stores cannot be made")]
    Migrate(#[from] MigrateError),
    #[error("no server can be started for this run")]
    Server(#[from] TestServerError),
    #[error("the statement lines cannot be read")]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Execute(#[from] ExecuteError<Refusal>),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Operation(#[from] Failed),
}
