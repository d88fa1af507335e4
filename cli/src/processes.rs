//! `annals processes`: what process managers are about, and what people decide.

mod alerts;
mod list;
mod show;

use annals_processes::ProcessOperations;
use annals_processes::step::Decision;
use serde::Serialize;

use crate::args::{Decided, Place, Processes};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(
    command: &Processes,
    place: &Place,
    output: Output,
) -> Result<Exit, Failure> {
    let operations = connect::processes(place).await?;
    match command {
        Processes::Alerts(args) => return alerts::run(args, &operations, output).await,
        Processes::List(args) => list::run(args, &operations, output).await?,
        Processes::Show(args) => show::run(args, &operations, output).await?,
        Processes::Retry(args) => decide(args, Decision::Retry, &operations, output).await?,
        Processes::Resume(args) => decide(args, Decision::Resume, &operations, output).await?,
        Processes::Abandon(args) => decide(args, Decision::Abandon, &operations, output).await?,
    }
    Ok(Exit::Good)
}

/// No such instance has begun.
#[derive(Debug, thiserror::Error)]
#[error(
    "no instance `{key}` of a process `{process}` has begun, as far as workers have come: \
     `annals processes list {process}` tells which have"
)]
pub(crate) struct NoInstance {
    process: String,
    key: String,
}

#[derive(Serialize)]
struct Done<'a> {
    process: &'a str,
    key: &'a str,
    decided: Decision,
}

async fn decide(
    args: &Decided,
    decided: Decision,
    operations: &ProcessOperations,
    output: Output,
) -> Result<(), Failure> {
    let (process, key) = (args.instance.process.as_str(), args.instance.key.as_str());
    operations.decide(process, key, decided, &args.note).await?;
    output.answer(&Done { process, key, decided }, || {
        let does = match decided {
            Decision::Retry => "A worker will try again what failed.\n",
            Decision::Resume => "A worker will go on without what failed.\n",
            Decision::Abandon => "The instance has ended as it is.\n",
        };
        does.to_owned()
    })
}
