//! `annals processes list`.

use annals_processes::{Overview, ProcessOperations, Standing};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::serde::rfc3339;

use crate::args::Instances;
use crate::failure::Failure;
use crate::output::{Output, count, plain, table};

#[derive(Serialize)]
struct Answer<'a> {
    instances: Vec<Record<'a>>,
    more: bool,
}

/// An instance as machines read it. The README promises these names.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    process: &'a str,
    key: &'a str,
    standing: Standing,
    steps: u64,
    #[serde(with = "rfc3339")]
    began: OffsetDateTime,
    #[serde(with = "rfc3339")]
    moved: OffsetDateTime,
    open: usize,
}

impl<'a> Record<'a> {
    pub(super) fn new(process: &'a str, key: &'a str, overview: &Overview) -> Self {
        Self {
            process,
            key,
            standing: overview.standing(OffsetDateTime::now_utc()),
            steps: overview.steps,
            began: overview.began,
            moved: overview.moved,
            open: overview.book.open.len(),
        }
    }
}

pub(super) async fn run(
    args: &Instances,
    operations: &ProcessOperations,
    output: Output,
) -> Result<(), Failure> {
    let (process, after) = (args.process.as_str(), args.after.as_deref());
    // One more, to know whether there are more.
    let limit = u64::from(args.limit) + 1;
    let mut found = operations.instances(process, after, limit).await?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let records = || found.iter().map(|(key, overview)| Record::new(process, key, overview));
    let answer = Answer { instances: records().collect(), more };
    output.answer(&answer, || text(&answer.instances, more))
}

fn text(instances: &[Record<'_>], more: bool) -> String {
    let Some(last) = instances.last() else {
        return "No instance has begun, as far as workers have come.\n".to_owned();
    };
    let mut table = table(["Key", "Is", "Waits for", "Steps", "Last step"], &[2, 3]);
    for instance in instances {
        table.add_row([
            plain(instance.key),
            instance.standing.to_string(),
            instance.open.to_string(),
            count(instance.steps),
            instance.moved.format(&Rfc3339).unwrap_or_default(),
        ]);
    }
    let more = match more {
        true => format!("There are more: --after {}\n", plain(last.key)),
        false => String::new(),
    };
    format!("{}\n{more}", table.trim_fmt())
}
