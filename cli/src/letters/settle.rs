//! `annals dead-letters retry` and `skip`: what is to become of dead letters. The workers
//! that feed them do it.

use annals_projections::Operations;
use serde::Serialize;

use super::record::Record;
use crate::args::{Retry, Skip};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Retried {
    retried: u64,
}

pub(super) async fn retry(
    args: &Retry,
    operations: &Operations,
    output: Output,
) -> Result<(), Failure> {
    let (name, key) = (args.name.as_deref(), args.key.as_deref());
    let query = super::query(operations, name, key, args.partition).await?;
    let retried = operations.retry(&query).await?;
    output.answer(&Retried { retried }, || match retried {
        0 => "There are no such dead letters.\n".to_owned(),
        _ => format!("{retried} dead letters will be tried again by the workers that feed them.\n"),
    })
}

#[derive(Serialize)]
struct Skipped<'a> {
    skipped: Vec<Record<'a>>,
}

pub(super) async fn skip(
    args: &Skip,
    operations: &Operations,
    output: Output,
) -> Result<(), Failure> {
    let mut query = super::query(operations, Some(&args.name), None, Some(args.partition)).await?;
    query.version = Some(match args.version {
        Some(version) => version,
        None => operations.current(&args.name).await?.version,
    });
    // One, but for an event that several slices have parked.
    let letters = super::at(operations, query, args.position).await?;
    for letter in &letters {
        operations.skip(letter, &args.note).await?;
    }
    let answer = Skipped { skipped: letters.iter().map(Record::from).collect() };
    output.answer(&answer, || {
        "The event will be left out, and those that wait behind it tried again, by the worker \
         that feeds them.\n"
            .to_owned()
    })
}
