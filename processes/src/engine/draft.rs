//! A step on its way.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use annals::store::kept_time;
use annals::{Codec, Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use super::{Next, Wrong, turned};
use crate::Process;
use crate::input::{Completion, Failed, Input};
use crate::instance::Instance;
use crate::reaction::{Reaction, When};
use crate::step::{Phase, Step, Taken, Task, Undo, What};

/// The most things that an instance waits for at once.
pub(crate) const MAX_OPEN: usize = 1_000;

/// The longest text that is kept of a reason or a note, in characters.
const TEXT: usize = 1_000;

/// The kinds of what is no command, which no command can have.
pub(crate) const TIMER: &str = "~timer";
pub(crate) const EVENTS: &str = "~events";
pub(crate) const DECISION: &str = "~decision";
pub(crate) const GO_ON: &str = "~go_on";

/// A step on its way: what is opened and closed, checked against what the instance waits for.
pub(super) struct Draft<'a, P: Process> {
    instance: &'a Instance<P>,
    step: Step,
    events: Vec<P::Event>,
    next: u32,
    now: OffsetDateTime,
}

impl<'a, P: Process> Draft<'a, P> {
    pub(super) fn new(instance: &'a Instance<P>, input: Taken, now: OffsetDateTime) -> Self {
        let waited = instance.book.open.values().filter(|task| task.what == What::Events);
        let step = Step {
            input,
            opened: Vec::new(),
            closed: waited.map(Task::closed).collect(),
            undo: Vec::new(),
            undone: 0,
            phase: None,
        };
        let next = instance.book.next();
        Self { instance, step, events: Vec::new(), next, now }
    }

    /// Takes what the process does.
    pub(super) fn take(&mut self, reaction: Reaction<P>) -> Result<(), Wrong> {
        let Reaction { events, commands, timers, cancelled, turn } = reaction;
        self.events.extend(events);
        for timer in &cancelled {
            self.cancel(&to_value(timer, "timer")?);
        }
        for (command, when) in commands {
            let kind = kind_of::<P>(&command)?;
            let command = to_value(&command, "command")?;
            self.open(kind, when, What::Command { command, undoes: false });
        }
        for (timer, when) in timers {
            let timer = to_value(&timer, "timer")?;
            self.cancel(&timer);
            self.open(TIMER, when, What::Timer { timer });
        }
        if let Some(phase) = turned(self.phase(), turn.as_ref()) {
            self.drop_timers();
            if matches!(phase, Phase::Compensating { .. }) {
                self.withdraw_scheduled()?;
            }
            self.step.phase = Some(phase);
        }
        Ok(())
    }

    /// A task is to be done no more.
    pub(super) fn close(&mut self, task: &Task) {
        self.step.closed.push(task.closed());
    }

    /// A command that must be done cannot: a person decides.
    pub(super) fn park(&mut self, task: &Task, failed: &Failed) {
        let What::Command { command, undoes } = &task.what else { return };
        let what = What::Decision {
            command: command.clone(),
            kind: task.kind.clone(),
            undoes: *undoes,
            reason: shortened(&failed.reason),
            in_doubt: failed.in_doubt,
        };
        self.reopen(task.key, DECISION.to_owned(), what);
    }

    /// What undoes a command that was done.
    pub(super) fn undo_later(&mut self, command: Option<P::Command>) -> Result<(), Wrong> {
        if let Some(command) = command {
            let kind = kind_of::<P>(&command)?.to_owned();
            self.step.undo.push(Undo { command: to_value(&command, "command")?, kind });
        }
        Ok(())
    }

    /// The step, with what follows of itself: the next compensation, and the end.
    pub(super) fn finish(mut self) -> Result<Next<P>, Wrong> {
        if let Phase::Compensating { reason } = self.phase().clone()
            && !self.is_any_open()
            && !self.undo_next()
        {
            if !self.events.is_empty() {
                // The process has not taken in what it records now: it goes on in a step of its own.
                self.push(self.next, GO_ON.to_owned(), self.now, What::GoOn);
                return self.whole();
            }
            let mut reaction = self.instance.state.react(&Input::Compensated { reason: &reason });
            // Nothing would ever take these in.
            (reaction.timers, reaction.turn) = (Vec::new(), None);
            self.take(reaction)?;
            self.step.phase = Some(Phase::Ending);
        }
        if *self.phase() == Phase::Ending && !self.is_any_open() {
            self.step.phase = Some(Phase::Ended);
        }
        self.whole()
    }

    /// The step, if it is not beyond what an instance may wait for and have to undo.
    fn whole(mut self) -> Result<Next<P>, Wrong> {
        if let Some(patience) = P::PATIENCE
            && !self.phase().is_over()
            && !self.is_any_open()
        {
            self.open(EVENTS, When::After(patience), What::Events);
        }
        let undo = self.instance.book.undo.len() + self.step.undo.len();
        if self.open_tasks().count() > MAX_OPEN || undo.saturating_sub(self.step.undone) > MAX_OPEN
        {
            return Err(Wrong::TooMany);
        }
        Ok(Next { step: self.step, events: self.events })
    }

    /// Asks for the newest compensation that is left.
    fn undo_next(&mut self) -> bool {
        let mut all = self.instance.book.undo.iter().chain(&self.step.undo);
        let left = (self.instance.book.undo.len() + self.step.undo.len())
            .checked_sub(self.step.undone + 1);
        let Some(Undo { command, kind }) = left.and_then(|at| all.nth(at)).cloned() else {
            return false;
        };
        self.step.undone += 1;
        let number = self.next;
        self.reopen(number, kind, What::Command { command, undoes: true });
        true
    }

    /// Commands whose time has not come are not begun any more. Another worker's clock may be
    /// ahead of this one's, so that nobody knows whether they were.
    fn withdraw_scheduled(&mut self) -> Result<(), Wrong> {
        let now = self.now;
        let waits = |task: &&Task| task.due > now && matches!(task.what, What::Command { .. });
        let scheduled: Vec<Task> = self.open_tasks().filter(waits).cloned().collect();
        for task in scheduled {
            // What this very step would have asked for was never begun.
            let is_new = self.step.opened.iter().any(|opened| opened.number == task.number);
            if is_new {
                self.withdraw(&task);
                continue;
            }
            let What::Command { command, .. } = &task.what else { continue };
            let command = from_value::<P::Command>(command, "command")?;
            let undo = self.instance.state.compensation(&command, Completion::InDoubt);
            self.undo_later(undo)?;
            self.withdraw(&task);
        }
        Ok(())
    }

    /// Withdraws a timer, also where older code has kept it in another form.
    fn cancel(&mut self, cancelled: &Value) {
        let is = |kept: &Value| {
            // What this code would leave out makes it another timer: newer code has set it.
            let is_all = || parts(kept) <= parts(cancelled);
            let timer = || from_value::<P::Timer>(kept, "timer").ok();
            let rewritten = || timer().and_then(|timer| to_value(&timer, "timer").ok());
            kept == cancelled || (is_all() && rewritten().as_ref() == Some(cancelled))
        };
        self.close_where(|task| matches!(&task.what, What::Timer { timer } if is(timer)));
    }

    fn drop_timers(&mut self) {
        self.close_where(|task| matches!(task.what, What::Timer { .. }));
    }

    fn close_where(&mut self, which: impl Fn(&Task) -> bool) {
        let found: Vec<Task> = self.open_tasks().filter(|task| which(task)).cloned().collect();
        for task in found {
            self.withdraw(&task);
        }
    }

    /// Closes a task, or does not open it where this step would have.
    fn withdraw(&mut self, task: &Task) {
        let before = self.step.opened.len();
        self.step.opened.retain(|opened| opened.number != task.number);
        if self.step.opened.len() == before {
            self.close(task);
        }
    }

    fn open(&mut self, kind: &str, when: When, what: What) {
        let due = match when {
            When::Now => self.now,
            When::After(time) => {
                let time = time::Duration::try_from(time).unwrap_or(time::Duration::MAX);
                self.now.checked_add(time).unwrap_or(time::macros::datetime!(9999-12-31 0:00 UTC))
            }
            When::At(time) => time,
        };
        self.push(self.next, kind.to_owned(), due, what);
    }

    fn reopen(&mut self, key: u32, kind: String, what: What) {
        self.push(key, kind, self.now, what);
    }

    fn push(&mut self, key: u32, kind: String, due: OffsetDateTime, what: What) {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.step.opened.push(Task { number, key, kind, due: kept_time(due), what });
    }

    fn phase(&self) -> &Phase {
        self.step.phase.as_ref().unwrap_or(&self.instance.book.phase)
    }

    fn is_any_open(&self) -> bool {
        self.open_tasks().next().is_some()
    }

    fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        let closed: BTreeSet<u32> = self.step.closed.iter().map(|closed| closed.number).collect();
        let before = self.instance.book.open.values();
        before.filter(move |task| !closed.contains(&task.number)).chain(&self.step.opened)
    }
}

/// Of how many parts a value consists.
fn parts(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(|value| 1 + parts(value)).sum(),
        Value::Array(items) => items.iter().map(|item| 1 + parts(item)).sum(),
        _ => 1,
    }
}

/// The kind of a command.
pub(crate) fn kind_of<P: Process>(command: &P::Command) -> Result<&'static str, Wrong> {
    let kind = P::kind(command);
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_kind = (1..=40).contains(&kind.len()) && kind.bytes().all(fits);
    if is_kind { Ok(kind) } else { Err(Wrong::Kind { kind }) }
}

pub(crate) fn to_value(what: &impl Serialize, named: &'static str) -> Result<Value, Wrong> {
    let unwritable = || Wrong::Unwritable { what: named };
    // By the codec of the log: it refuses what would be read back as something else, such as NaN.
    let payload = Payload::encode(Codec::Json, what).map_err(|_| unwritable())?;
    payload.decode(PhantomData::<Value>).map_err(|_| unwritable())
}

/// Not the error: it may quote what it has read.
pub(super) fn from_value<T: DeserializeOwned>(
    value: &Value,
    named: &'static str,
) -> Result<T, Wrong> {
    T::deserialize(value).map_err(|_| Wrong::Unreadable { what: named })
}

/// A text that can be kept: the log has no room for long ones, and none for NUL.
pub(crate) fn shortened(text: &str) -> String {
    text.chars()
        .take(TEXT)
        .map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}
