//! What the log keeps of a process.

use annals::{Event, EventId, Partition, Position, StreamId, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// What annals itself records about processes. Beside it stand, in the same streams, the events
/// of the processes' own.
///
/// An instance's stream is `annals.process.<name>-<key>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "annals.process")]
pub enum ProcessEvent {
    /// A process began to follow the log, or further types of events.
    Deployed(Deployed),
    /// An instance took one input in.
    Stepped(Step),
}

/// From where on a process follows the log, for types of events that it did not follow before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The types.
    pub names: Vec<String>,
    /// The last event of each partition that it does not follow.
    pub behind: Vec<Position>,
}

/// One step of an instance: an input, and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was taken in.
    pub input: Taken,
    /// What is to be done now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Task>,
    /// What is to be done no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<Closed>,
    /// What undoes what was done, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Undo>,
    /// How many of the newest compensations are asked for now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undone: usize,
    /// What the instance is now, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

/// An input, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// An event of the log.
    Event {
        /// Its id.
        id: EventId,
        /// Its stream.
        stream: StreamId,
        /// Its place in the stream.
        version: Version,
        /// Its partition.
        partition: Partition,
        /// Its place in the partition.
        position: Position,
    },
    /// Somebody had a command carried out at a time.
    Scheduled,
    /// A command was done.
    Done {
        /// The task.
        task: u32,
        /// What it brought back.
        reply: Value,
    },
    /// A command will not be done.
    Failed {
        /// The task.
        task: u32,
        /// Why.
        reason: String,
        /// Whether it may have been done.
        in_doubt: bool,
    },
    /// The time of a timer has come.
    Timer {
        /// The task.
        task: u32,
    },
    /// The instance goes on, as somebody has decided.
    WentOn {
        /// The task.
        task: u32,
    },
    /// Somebody decided.
    Person {
        /// What.
        decision: Decision,
        /// Why.
        note: String,
    },
}

/// What somebody decides about an instance that waits for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// What failed is tried again.
    Retry,
    /// What failed is left out, because it has been seen to otherwise, and the instance goes on.
    Resume,
    /// The instance ends as it is.
    Abandon,
}

/// Something that an instance waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its number within the instance.
    pub number: u32,
    /// The number under which it was first asked for: it makes the idempotency key.
    pub key: u32,
    /// Its kind.
    pub kind: String,
    /// When it is due.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
    /// What it is.
    pub what: What,
}

/// What an instance waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A command to be carried out.
    Command {
        /// The command.
        command: Value,
        /// Whether it undoes another one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undoes: bool,
    },
    /// The time of a timer.
    Timer {
        /// The timer.
        timer: Value,
    },
    /// To go on, as somebody has decided.
    GoOn,
    /// Events alone. They should have come by the time at which this is due.
    Events,
    /// A person's decision about a command that cannot be done and must be.
    Decision {
        /// The command.
        command: Value,
        /// The kind of the command.
        kind: String,
        /// Whether it undoes another one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undoes: bool,
        /// What its last try said.
        reason: String,
        /// Whether it may have been done.
        in_doubt: bool,
    },
}

/// A task that is to be done no more, and by what it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// Its number.
    pub number: u32,
    /// Its kind.
    pub kind: String,
    /// When it was due.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
}

/// What undoes a command that was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The command that undoes it.
    pub command: Value,
    /// The kind of that command.
    pub kind: String,
}

/// What an instance is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It takes in what comes.
    #[default]
    Running,
    /// It undoes what was done.
    Compensating {
        /// Why.
        reason: String,
    },
    /// It waits for its last commands.
    Ending,
    /// It has ended.
    Ended,
    /// It was ended by somebody.
    Abandoned,
}

impl Phase {
    /// Whether nothing happens any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Phase::Ended | Phase::Abandoned)
    }
}

impl Task {
    pub(crate) fn closed(&self) -> Closed {
        Closed { number: self.number, kind: self.kind.clone(), due: self.due }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
