//! `annals processes alerts`.

use annals_processes::step::What;
use annals_processes::{Alert, ProcessOperations};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::serde::rfc3339;

use super::show::{Task, reason};
use crate::args::Alerts;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, brief, plain, table};

/// How much of a reason is shown; `show` has all of it.
const REASON: usize = 120;

#[derive(Serialize)]
struct Answer<'a> {
    alerts: Vec<Record<'a>>,
    more: bool,
}

/// An alert as machines read it. The README promises these names.
#[derive(Serialize)]
struct Record<'a> {
    process: &'a str,
    key: &'a str,
    decision: bool,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
    task: Task<'a>,
}

pub(super) async fn run(
    args: &Alerts,
    operations: &ProcessOperations,
    output: Output,
) -> Result<Exit, Failure> {
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    // One more, to know whether there are more.
    let mut alerts = operations.alerts(args.late, most.saturating_add(1)).await?;
    let more = alerts.len() > most;
    alerts.truncate(most);
    let record = |alert| -> Record<'_> {
        let alert: &Alert = alert;
        Record {
            process: &alert.process,
            key: &alert.instance,
            decision: alert.is_decision(),
            since: alert.since(),
            task: Task::without_content(&alert.task),
        }
    };
    let answer = Answer { alerts: alerts.iter().map(record).collect(), more };
    output.answer(&answer, || text(&alerts, more))?;
    Ok(Exit::of(alerts.is_empty()))
}

fn text(alerts: &[Alert], more: bool) -> String {
    if alerts.is_empty() {
        return "All is done in time, and nothing waits for a decision.\n".to_owned();
    }
    let mut table = table(["Process", "Key", "What", "Since", "Why"], &[]);
    for alert in alerts {
        let what = match alert.task.what {
            What::Decision { .. } => "waits for a decision".to_owned(),
            What::Events => "no event has come".to_owned(),
            _ => format!("{} is late", plain(&alert.task.kind)),
        };
        table.add_row([
            plain(&alert.process),
            plain(&alert.instance),
            what,
            alert.since().format(&Rfc3339).unwrap_or_default(),
            brief(&plain(reason(&alert.task).unwrap_or_default()), REASON),
        ]);
    }
    let more = if more { "There are more: raise --limit.\n" } else { "" };
    format!("{}\n{more}", table.trim_fmt())
}
