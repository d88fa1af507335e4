//! `annals dead-letters`: events that read models could not take.

mod list;
mod record;
mod settle;
mod show;

use annals::read_model::{DeadLetter, LetterQuery};
use annals::{Partition, Position};
use annals_projections::Operations;

use crate::args::{Letters, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(command: &Letters, place: &Place, output: Output) -> Result<Exit, Failure> {
    let operations = connect::operations(place).await?;
    match command {
        Letters::List(args) => list::run(args, &operations, output).await?,
        Letters::Show(args) => show::run(args, &operations, output).await?,
        Letters::Retry(args) => settle::retry(args, &operations, output).await?,
        Letters::Skip(args) => settle::skip(args, &operations, output).await?,
    }
    Ok(Exit::Good)
}

/// There is no such dead letter.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no dead letter of `{name}` at position {position}{}: it was settled, or never was; \
     `annals dead-letters list {name}` tells which there are",
    .partition.map(|partition| format!(" of partition {partition}")).unwrap_or_default()
)]
pub(crate) struct NoLetter {
    name: String,
    position: Position,
    partition: Option<Partition>,
}

/// What is asked for; a name that no read model has is refused.
async fn query(
    operations: &Operations,
    name: Option<&str>,
    key: Option<&str>,
    partition: Option<Partition>,
) -> Result<LetterQuery, Failure> {
    let mut query = LetterQuery::all();
    if let Some(name) = name {
        operations.versions(name).await?;
        query.name = Some(name.to_owned());
    }
    query.key = key.map(str::to_owned);
    query.partition = partition;
    Ok(query)
}

/// The dead letters of a read model at a position; there is one at least.
async fn at(
    operations: &Operations,
    query: LetterQuery,
    position: Position,
) -> Result<Vec<DeadLetter>, Failure> {
    let (name, partition) = (query.name.clone().unwrap_or_default(), query.partition);
    let letters = operations.letters(&query.at(position)).await?;
    if letters.is_empty() {
        return Err(NoLetter { name, position, partition }.into());
    }
    Ok(letters)
}
