//! `annals publishers list`.

use annals_publisher::{KnownPublisher, PublisherOperations, Standstill};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::serde::rfc3339;

use crate::args::Listing;
use crate::failure::Failure;
use crate::output::{Output, brief, plain, table};
use crate::redact::{only_server, redacted};

/// How much of what a receiver has said is shown; as JSON, all of it.
const REASON: usize = 120;

#[derive(Serialize)]
struct Answer<'a> {
    publishers: Vec<Record<'a>>,
    more: bool,
}

/// A publisher as machines read it. The README promises these names.
#[derive(Serialize)]
struct Record<'a> {
    publisher: &'a str,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
    stopped: Option<Stopped>,
}

#[derive(Serialize)]
struct Stopped {
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
    target: String,
    reason: String,
}

impl Stopped {
    /// Without what may be a secret: a publisher calls its target as its sink says.
    fn new(standstill: &Standstill) -> Self {
        let Standstill { since, target, reason, .. } = standstill;
        Self { since: *since, target: only_server(target), reason: redacted(reason) }
    }
}

pub(super) async fn run(
    args: &Listing,
    operations: &PublisherOperations,
    output: Output,
) -> Result<(), Failure> {
    // One more, to know whether there are more.
    let mut known = operations.list(u64::from(args.limit) + 1).await?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = known.len() > most;
    known.truncate(most);
    let answer = Answer { publishers: known.iter().map(record).collect(), more };
    output.answer(&answer, || text(&answer))
}

fn record(known: &KnownPublisher) -> Record<'_> {
    let stopped = known.stopped.as_ref().map(Stopped::new);
    Record { publisher: &known.name, since: known.since, stopped }
}

fn text(Answer { publishers, more }: &Answer<'_>) -> String {
    if publishers.is_empty() && !more {
        return "No publisher was ever started on this log.\n".to_owned();
    }
    let at = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let nothing = || "-".to_owned();
    let mut table = table(["Publisher", "Since", "Stands still since", "Gone", "Why"], &[]);
    for Record { publisher, since, stopped } in publishers {
        let stopped = stopped.as_ref();
        table.add_row([
            plain(publisher),
            at(*since),
            stopped.map_or_else(nothing, |stopped| at(stopped.since)),
            stopped.map_or_else(nothing, |stopped| plain(&stopped.target)),
            stopped.map_or_else(nothing, |stopped| brief(&plain(&stopped.reason), REASON)),
        ]);
    }
    let more = if *more { "There are more: raise --limit.\n" } else { "" };
    format!("{}\n{more}", table.trim_fmt())
}
