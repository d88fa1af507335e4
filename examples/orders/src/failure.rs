//! What ends the program with exit code 1; each message says what to do.

use std::io;
use std::net::SocketAddr;

use annals::{LoadError, ReadError};
use annals_postgres::{ConnectError, MigrateError};
use annals_projections::operations::Failed;
use annals_projections::{QueryError, RunError, StartError};

use crate::payment_service::PaymentError;
use crate::telemetry::TelemetryError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("nobody can listen on {address}: choose another address by --listen or --port")]
    Listen {
        address: SocketAddr,
        #[source]
        error: io::Error,
    },
    #[error("the database cannot be opened")]
    Connect(#[from] ConnectError),
    #[error("the tables cannot be made")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Processes(#[from] annals_processes::StartError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Operation(#[from] Failed),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the books of the payment service cannot be read: is it running under --payments?")]
    Payments(#[from] PaymentError),
    #[error("the shop does not answer under {url}: is it running there?")]
    Shop {
        url: String,
        #[source]
        error: reqwest::Error,
    },
    #[error("goods were not received: the shop answered {status}")]
    Receipt { status: u16 },
    #[error("some requests had not ended in time, and were cut off")]
    CutOff,
    #[error("the program is not told to end")]
    Signal(#[source] io::Error),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("{0} of the invariants do not hold")]
    Invariants(usize),
}
