//! `annals audit`: whether a read model has taken every event.

use annals_projections::operations::{Audit, BlockDifference, PartitionAudit};
use serde::Serialize;

use crate::args::{self, Place};
use crate::connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, count, table};
use crate::progress;

pub(crate) async fn run(
    args: &args::Audit,
    place: &Place,
    output: Output,
) -> Result<Exit, Failure> {
    let operations = connect::operations(place).await?;
    let waiting = progress::waiting("reading the log");
    let audit = operations.audit(&args.name, args.version).await?;
    drop(waiting);
    output.answer(&Answer::of(&audit), || text(&audit))?;
    Ok(Exit::of(audit.is_clean()))
}

fn text(audit: &Audit) -> String {
    let header = ["Part", "Up to position", "Applied", "Parked", "Skipped", "Verdict"];
    let mut table = table(header, &[0, 1, 2, 3, 4]);
    let mut first = String::new();
    for PartitionAudit { partition, until, tallies, difference, .. } in &audit.partitions {
        table.add_row([
            partition.to_string(),
            count(until.get()),
            tallies.applied.count.to_string(),
            tallies.parked.count.to_string(),
            tallies.skipped.count.to_string(),
            if difference.is_none() { "as in the log" } else { "DIFFERS" }.to_owned(),
        ]);
        if let Some(difference) = difference {
            first += &format!("Partition {partition}: {}\n", explain(difference));
        }
    }
    let verdict = if audit.is_clean() { "clean" } else { "NOT clean" };
    format!("{}\n\n{first}{}: {verdict}\n", table.trim_fmt(), audit.model)
}

/// The first block that differs.
fn explain(difference: &BlockDifference) -> String {
    let BlockDifference { first, last, log, books, letters, .. } = difference;
    let (log, books) = (log.count, books.count);
    if *letters {
        return format!(
            "the first block that differs is that of the positions {first} to {last}: there are \
             {log} dead letters, and the books say that {books} events were parked"
        );
    }
    let others = if log == books { ", but they are others" } else { "" };
    format!(
        "the first block that differs is that of the positions {first} to {last}: the log holds \
         {log} events of the read model, and the books say {books}{others}; build it anew, as \
         another version"
    )
}

/// An audit as machines read it. The README promises these names.
#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    version: u32,
    clean: bool,
    partitions: Vec<Partition>,
}

#[derive(Serialize)]
struct Partition {
    partition: u16,
    until: u64,
    applied: i64,
    parked: i64,
    skipped: i64,
    difference: Option<Block>,
}

#[derive(Serialize)]
struct Block {
    first: u64,
    last: u64,
    in_log: i64,
    in_books: i64,
    dead_letters: bool,
}

impl<'a> Answer<'a> {
    fn of(audit: &'a Audit) -> Self {
        let block = |block: &BlockDifference| Block {
            first: block.first.get(),
            last: block.last.get(),
            in_log: block.log.count,
            in_books: block.books.count,
            dead_letters: block.letters,
        };
        let partition = |of: &PartitionAudit| Partition {
            partition: of.partition.get(),
            until: of.until.get(),
            applied: of.tallies.applied.count,
            parked: of.tallies.parked.count,
            skipped: of.tallies.skipped.count,
            difference: of.difference.as_ref().map(block),
        };
        Self {
            model: &audit.model.name,
            version: audit.model.version,
            clean: audit.is_clean(),
            partitions: audit.partitions.iter().map(partition).collect(),
        }
    }
}
