//! From the command line to the stores.

use annals_postgres::{ConnectError, PostgresReadModels, PostgresStore, PostgresStoreBuilder};
use annals_processes::ProcessOperations;
use annals_projections::Operations;

use crate::args::Place;
use crate::failure::Failure;

/// The builder of the log.
pub(crate) fn builder(place: &Place) -> Result<PostgresStoreBuilder, Failure> {
    let url = place.url.as_ref().ok_or(Failure::NoUrl)?;
    let builder = PostgresStore::builder(url).schema(&place.schema);
    Ok(if place.transaction_pooler { builder.transaction_pooler() } else { builder })
}

/// The log, to be written to.
pub(crate) async fn log(place: &Place) -> Result<PostgresStore, Failure> {
    builder(place)?.connect().await.map_err(no_log)
}

/// The log, only to be read: whether its commits are durable is of no matter.
pub(crate) async fn log_to_read(place: &Place) -> Result<PostgresStore, Failure> {
    builder(place)?.allow_asynchronous_commit().connect().await.map_err(no_log)
}

/// The read models, and the log that they are fed from.
pub(crate) async fn operations(place: &Place) -> Result<Operations, Failure> {
    let log = log_to_read(place).await?;
    let models = models(place, &log).await?;
    Ok(Operations::new(log, models))
}

/// The processes of a log, about which people may decide.
pub(crate) async fn processes(place: &Place) -> Result<ProcessOperations, Failure> {
    let log = log(place).await?;
    let models = models(place, &log).await?;
    Ok(ProcessOperations::new(log, models))
}

async fn models(place: &Place, log: &PostgresStore) -> Result<PostgresReadModels, Failure> {
    let models = match &place.models_url {
        None => log.read_models(),
        Some(url) => {
            let builder = PostgresReadModels::builder(url);
            if place.transaction_pooler { builder.transaction_pooler() } else { builder }
        }
    };
    models.schema(&place.models_schema).connect().await.map_err(no_models)
}

fn no_log(error: ConnectError) -> Failure {
    match error {
        ConnectError::NoLog { schema } => Failure::NoLog { schema },
        error => Failure::Log(error),
    }
}

fn no_models(error: ConnectError) -> Failure {
    match error {
        ConnectError::NoReadModels { schema } => Failure::NoReadModels { schema },
        error => Failure::Models(error),
    }
}
