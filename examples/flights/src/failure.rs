//! What ends the program with exit code 1; each message says what to do.

use std::io;
use std::path::PathBuf;

use annals::{ExecuteError, LoadError, ReadError};
use annals_memory::TableError;
use annals_postgres::testing::TestServerError;
use annals_postgres::{ConnectError, MigrateError, sqlx};
use annals_projections::{QueryError, RunError, StartError};
use time::PrimitiveDateTime;

use crate::csv_rows::{BadRow, FileError};
use crate::flight::{NotAFlightId, Refusal};
use crate::import::Refused;
use crate::verify::Difference;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no flights can be read from {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        error: FileError,
    },
    #[error("{0}; without --strict the row is left out")]
    BadRow(BadRow),
    #[error("{0}; without --strict the message is left out")]
    Refused(Refused),
    #[error(
        "--store is `memory`, `postgres`, or the URL of a database, as in \
         postgres://me@localhost/airport"
    )]
    UnknownStore,
    #[error("the log cannot be opened")]
    Connect(#[from] ConnectError),
    #[error("the tables of the log cannot be made")]
    Migrate(#[from] MigrateError),
    #[error("no server can be started for this run")]
    Server(#[from] TestServerError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Execute(#[from] ExecuteError<Refusal>),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the table of legs cannot be read")]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Id(#[from] NotAFlightId),
    #[error(
        "the log and the file differ for {} carrier{}:\n  {}\n\
         rows whose messages were refused are the likely reason; they are listed above, unless the \
         log was made by an earlier run, which may also have read another file or have been \
         interrupted",
        .0.len(),
        if .0.len() == 1 { "" } else { "s" },
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
    )]
    Differs(Vec<Difference>),
    #[error(
        "no flight of an aircraft {0} is in the log; a tail number is written as in the file, \
         such as N14228"
    )]
    UnknownAircraft(String),
    #[error(
        "no flight was to depart in the hours around {} {:02}:{:02}, by the airport's clock; \
         choose a moment of the days that the file covers",
        .0.date(), .0.hour(), .0.minute()
    )]
    EmptyBoard(PrimitiveDateTime),
    #[error("the output could not be written")]
    Output(#[from] io::Error),
}
