//! What a process is.

use std::fmt::Display;
use std::time::Duration;

use annals::{Event, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Completion, Input, Reaction};

/// A process manager: long-running work that follows events, asks for things to be done, and
/// waits.
///
/// Each piece of work is an instance, found by a key such as an order's id. Its state is folded
/// from a stream of its own in the log: what it has taken in, what it has asked for, and the
/// events that [`react`](Self::react) records. It is pure, as an aggregate is: no input or
/// output, no clock, no random numbers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a process",
    label = "not a process",
    note = "implement `annals_processes::Process` for its state"
)]
pub trait Process: Default + Send + Sync + 'static {
    /// The name under which it is known: 1 to 40 of the characters `a-z`, `0-9` and `_`,
    /// beginning with a letter. It stays when the Rust type is renamed.
    const NAME: &'static str;

    /// How long an instance may wait for nothing but events until that is an
    /// [alert](crate::ProcessOperations::alerts); for ever by default. It is about who looks
    /// after instances: the process is told nothing. Where it is to act, let it set a timer.
    const PATIENCE: Option<Duration> = None;

    /// Raised by one whenever [`Input`](Self::Input) has fewer types of events than before, or the code
    /// before is to come back. Workers with an earlier revision are handed nothing from then on,
    /// and do not start again. Types may be added without it.
    const REVISION: u32 = 1;

    /// The events that it follows: those of one aggregate, or a union.
    type Input: Event;

    /// What it remembers: its own events, from which its state is folded.
    type Event: Event;

    /// What it asks for: commands to aggregates, and calls to the outside. They are kept as
    /// data, so their names are as lasting as those of events.
    type Command: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What a command brings back.
    type Reply: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What it waits for: its timers.
    type Timer: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Which instance an event is for, and whether it begins one.
    fn route(event: &Recorded<Self::Input>) -> Route;

    /// What is to be done about an input. It may be asked several times about the same one:
    /// what was decided counts when it is written.
    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self>;

    /// Takes in one of its own events. It cannot refuse, and must not panic.
    fn evolve(&mut self, event: &Self::Event);

    /// What undoes a command, if it needs undoing. It is asked when the command has been done,
    /// and also when nobody knows whether it was: what it gives must then do no harm where
    /// there is nothing to undo, and see to it that a command which comes late does nothing any
    /// more: a worker that was paused in the middle of its call may go on behind the compensation.
    ///
    /// A refusal is believed: it must last, for the same key. Where it depends on a state that
    /// passes, let the command record that it was refused instead, as an event.
    fn compensation(
        &self,
        command: &Self::Command,
        completion: Completion<'_, Self::Reply>,
    ) -> Option<Self::Command> {
        let _ = (command, completion);
        None
    }

    /// Of which kind a command is: each kind has its own limits, such as how many calls may be
    /// under way at once. 1 to 40 of the characters `a-z`, `0-9` and `_`.
    fn kind(command: &Self::Command) -> &'static str {
        let _ = command;
        "command"
    }
}

/// Which instance of a process an event is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route(pub(crate) To);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    Nobody,
    Start(String),
    Running(String),
}

impl Route {
    /// The event is for this instance, and begins it where it has not begun.
    #[must_use]
    pub fn start(key: impl Display) -> Self {
        Self(To::Start(key.to_string()))
    }

    /// The event is for this instance if it has begun, and else for nobody.
    ///
    /// Where the log has several partitions, what has begun an instance may be taken in after
    /// an event of another stream that stands behind it in time. Let such an event
    /// [`start`](Self::start) the instance as well.
    #[must_use]
    pub fn to(key: impl Display) -> Self {
        Self(To::Running(key.to_string()))
    }

    /// The event is for nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Self(To::Nobody)
    }

    pub(crate) fn key(&self) -> Option<&str> {
        match &self.0 {
            To::Nobody => None,
            To::Start(key) | To::Running(key) => Some(key),
        }
    }

    pub(crate) fn starts(&self) -> bool {
        matches!(self.0, To::Start(_))
    }
}
