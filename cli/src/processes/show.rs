//! `annals processes show`: an instance whole, commands included, because a person has to
//! decide about them.

use annals_processes::step::{self, Phase, Undo, What};
use annals_processes::{Overview, ProcessOperations};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::serde::rfc3339;

use super::NoInstance;
use super::list::Record;
use crate::args::Instance;
use crate::failure::Failure;
use crate::output::{Output, plain};

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    instance: Record<'a>,
    phase: &'a Phase,
    waits_for: Vec<Task<'a>>,
    undo: &'a [Undo],
}

/// A task as machines read it. The README promises these names.
#[derive(Serialize)]
pub(super) struct Task<'a> {
    number: u32,
    what: &'static str,
    kind: &'a str,
    #[serde(with = "rfc3339")]
    due: OffsetDateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a Value>,
    reason: Option<&'a str>,
    in_doubt: bool,
    undoes: bool,
}

impl<'a> Task<'a> {
    fn new(task: &'a step::Task) -> Self {
        let (what, kind, content, undoes, in_doubt) = match &task.what {
            What::Command { command, undoes } => {
                ("command", &task.kind, Some(command), *undoes, false)
            }
            What::Decision { command, kind, undoes, in_doubt, .. } => {
                ("decision", kind, Some(command), *undoes, *in_doubt)
            }
            What::Timer { timer } => ("timer", &task.kind, Some(timer), false, false),
            What::GoOn => ("go_on", &task.kind, None, false, false),
            What::Events => ("events", &task.kind, None, false, false),
        };
        let (number, due, reason) = (task.number, task.due, reason(task));
        Self { number, what, kind, due, content, reason, in_doubt, undoes }
    }

    /// For lists, which show no payloads.
    pub(super) fn without_content(task: &'a step::Task) -> Self {
        Self { content: None, ..Self::new(task) }
    }
}

/// What the last try of a command has said that waits for a decision.
pub(super) fn reason(task: &step::Task) -> Option<&str> {
    match &task.what {
        What::Decision { reason, .. } => Some(reason),
        _ => None,
    }
}

pub(super) async fn run(
    args: &Instance,
    operations: &ProcessOperations,
    output: Output,
) -> Result<(), Failure> {
    let Instance { process, key } = args;
    let found = operations.instance(process, key).await?;
    let no_instance = || NoInstance { process: process.clone(), key: key.clone() };
    let overview = found.ok_or_else(no_instance)?;
    let answer = Answer {
        instance: Record::new(process, key, &overview),
        phase: &overview.book.phase,
        waits_for: overview.book.open.values().map(Task::new).collect(),
        undo: &overview.book.undo,
    };
    output.answer(&answer, || text(args, &overview))
}

fn text(Instance { process, key }: &Instance, overview: &Overview) -> String {
    let at = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let standing = overview.standing(OffsetDateTime::now_utc());
    let mut text = format!(
        "{} {}\n  is       {standing}\n  began    {}\n  moved    {}, {} steps\n",
        plain(process),
        plain(key),
        at(overview.began),
        at(overview.moved),
        overview.steps,
    );
    if let Phase::Compensating { reason } = &overview.book.phase {
        text += &format!("  undoes   because: {}\n", plain(reason));
    }
    for task in overview.book.open.values() {
        let Task { number, what, kind, due, content, reason, in_doubt, undoes } = Task::new(task);
        let content = content.map(plain).unwrap_or_default();
        let undoes = if undoes { ", to undo" } else { "" };
        text += &format!("  {what:<8} {number}, {}{undoes}, since {}\n", plain(kind), at(due));
        text += &format!("           {content}\n");
        if let Some(reason) = reason {
            let doubt = if in_doubt { " (it may have been done)" } else { "" };
            text += &format!("           because: {}{doubt}\n", plain(reason));
        }
    }
    for Undo { command, .. } in overview.book.undo.iter().rev() {
        text += &format!("  to undo  {}\n", plain(command));
    }
    text
}
