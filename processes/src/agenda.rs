//! What all instances wait for, in the order in which it is due.

use annals::{Metadata, Origin, Partition, Recorded};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::instances::category;
use crate::step::{ProcessEvent, Task};

/// Something that an instance waits for. It is gone when the instance waits for it no more.
///
/// The keys are ordered by partition, process, kind and time, so that what is due next is
/// found without looking at the rest, however much there is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Agenda {
    /// The key of the instance.
    pub instance: String,
    /// What it waits for; nothing once that is over.
    pub task: Option<Task>,
    /// What is known besides, for what follows from it.
    pub metadata: Metadata,
}

impl View for Agenda {
    const NAME: &'static str = "annals_agenda";
    type Key = String;
    type Event = ProcessEvent;

    fn keys(event: &Recorded<ProcessEvent>) -> Keys<String> {
        // What was asked for in another log has been seen to there.
        if event.origin == Origin::Imported {
            return Keys::none();
        }
        let ProcessEvent::Stepped(step) = &event.event else { return Keys::none() };
        let Some((process, instance)) = instance_of(event) else { return Keys::none() };
        let place =
            |kind: &str, due, number| place(event.partition, process, kind, due, instance, number);
        let opened = step.opened.iter().map(|task| place(&task.kind, task.due, task.number));
        let closed =
            step.closed.iter().map(|closed| place(&closed.kind, closed.due, closed.number));
        Keys::many(opened.chain(closed))
    }

    fn evolve(&mut self, key: &String, event: &Recorded<ProcessEvent>) {
        let ProcessEvent::Stepped(step) = &event.event else { return };
        let Some((_, instance)) = instance_of(event) else { return };
        let number = number_of(key);
        self.task = step.opened.iter().find(|task| Some(task.number) == number).cloned();
        instance.clone_into(&mut self.instance);
        self.metadata = Metadata::caused_by(event);
    }

    fn is_gone(&self) -> bool {
        self.task.is_none()
    }
}

/// The process and the instance of an event of a process.
pub(crate) fn instance_of<E>(event: &Recorded<E>) -> Option<(&str, &str)> {
    let process = event.stream.category().strip_prefix(&category(""))?;
    Some((process, event.stream.key()))
}

/// Where a task stands in the agenda. Nothing before the instance's key can hold a `|`, and a
/// number in front of the time keeps the order.
fn place(
    partition: Partition,
    process: &str,
    kind: &str,
    due: OffsetDateTime,
    instance: &str,
    number: u32,
) -> String {
    let due = moment(due);
    format!("{:05}|{process}|{kind}|{due:020}|{number:010}|{instance}", partition.get())
}

/// Microseconds since 1970. What was due before is due then.
fn moment(due: OffsetDateTime) -> i128 {
    (due.unix_timestamp_nanos() / 1_000).max(0)
}

fn number_of(key: &str) -> Option<u32> {
    key.split('|').nth(4)?.parse().ok()
}

/// What a place says: the process, the kind, and when it is due in microseconds since 1970.
pub(crate) fn read_place(key: &str) -> Option<(&str, &str, i128)> {
    let mut parts = key.split('|').skip(1);
    let (process, kind) = (parts.next()?, parts.next()?);
    Some((process, kind, parts.next()?.parse().ok()?))
}

/// Before everything in a partition.
pub(crate) fn before(partition: Partition) -> String {
    format!("{:05}|", partition.get())
}

/// Behind everything in a partition.
pub(crate) fn after(partition: Partition) -> String {
    format!("{:05}}}", partition.get())
}

/// Before everything of a process in a partition.
pub(crate) fn beginning(partition: Partition, process: &str) -> String {
    format!("{:05}|{process}|", partition.get())
}

/// Behind everything of a kind: `}` follows `|`.
pub(crate) fn behind(partition: Partition, process: &str, kind: &str) -> String {
    format!("{:05}|{process}|{kind}}}", partition.get())
}

/// Whether a time has come.
pub(crate) fn is_due(due: i128, now: OffsetDateTime) -> bool {
    due <= moment(now)
}

/// Behind everything of a process in a partition.
pub(crate) fn end(partition: Partition, process: &str) -> String {
    format!("{:05}|{process}}}", partition.get())
}
