//! What a process does about an input.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use crate::Process;

/// What a process does about an input: it records, asks, waits, ends or undoes.
///
/// All of it is written at once, together with the fact that the input was taken in.
#[must_use = "a reaction is what `react` returns"]
pub struct Reaction<P: Process> {
    pub(crate) events: Vec<P::Event>,
    pub(crate) commands: Vec<(P::Command, When)>,
    pub(crate) timers: Vec<(P::Timer, When)>,
    pub(crate) cancelled: Vec<P::Timer>,
    pub(crate) turn: Option<Turn>,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    After(Duration),
    At(OffsetDateTime),
}

/// What becomes of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    End,
    Compensate(String),
}

impl<P: Process> Reaction<P> {
    /// Nothing: the input is taken in, and the process goes on as before.
    pub fn none() -> Self {
        Self {
            events: Vec::new(),
            commands: Vec::new(),
            timers: Vec::new(),
            cancelled: Vec::new(),
            turn: None,
        }
    }

    /// Records one of the process's own events.
    pub fn record(mut self, event: P::Event) -> Self {
        self.events.push(event);
        self
    }

    /// Asks for a command to be carried out.
    pub fn command(self, command: P::Command) -> Self {
        self.issue(command, When::Now)
    }

    /// Asks for a command to be carried out after some time.
    pub fn command_after(self, time: Duration, command: P::Command) -> Self {
        self.issue(command, When::After(time))
    }

    /// Asks for a command to be carried out at a time.
    pub fn command_at(self, time: OffsetDateTime, command: P::Command) -> Self {
        self.issue(command, When::At(time))
    }

    fn issue(mut self, command: P::Command, when: When) -> Self {
        self.commands.push((command, when));
        self
    }

    /// Sets a timer that is due after some time, counted from when this is written. A timer
    /// that is set already is set anew.
    pub fn after(mut self, time: Duration, timer: P::Timer) -> Self {
        self.timers.push((timer, When::After(time)));
        self
    }

    /// Sets a timer that is due at a time. A timer that is set already is set anew.
    pub fn at(mut self, time: OffsetDateTime, timer: P::Timer) -> Self {
        self.timers.push((timer, When::At(time)));
        self
    }

    /// Cancels a timer, if it is set.
    pub fn cancel(mut self, timer: P::Timer) -> Self {
        self.cancelled.push(timer);
        self
    }

    /// Ends the process: its timers are cancelled, and events are for it no more. Commands that
    /// are not done yet still are; it has ended when the last one is.
    pub fn end(mut self) -> Self {
        self.turn = Some(Turn::End);
        self
    }

    /// Undoes what was done: the [compensations](Process::compensation) of its commands are
    /// carried out, the last one first, when the commands that are under way have been answered.
    /// Then the process takes in [`Compensated`](crate::Input::Compensated) and ends.
    /// Meanwhile events are not for it, and its timers are cancelled.
    pub fn compensate(mut self, reason: impl Into<String>) -> Self {
        self.turn = Some(Turn::Compensate(reason.into()));
        self
    }
}

impl<P: Process> Default for Reaction<P> {
    fn default() -> Self {
        Self::none()
    }
}

impl<P: Process> fmt::Debug for Reaction<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaction")
            .field("events", &self.events.len())
            .field("commands", &self.commands.len())
            .field("timers", &self.timers.len())
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}
