//! What follows from an input: pure, so that tests and replays go through it as workers do.

mod draft;

pub(crate) use self::draft::{DECISION, EVENTS, GO_ON, TIMER, kind_of, shortened, to_value};

use annals::Recorded;
use time::OffsetDateTime;

use self::draft::Draft;
use crate::Process;
use crate::input::{Completion, Failed, Input};
use crate::instance::Instance;
use crate::reaction::Turn;
use crate::step::{Phase, Step, Taken, What};

/// An input on its way to an instance.
pub(crate) enum Incoming<'a, P: Process> {
    /// One that is `late` is taken in where the instance has gone beyond it, too.
    Event {
        event: &'a Recorded<P::Input>,
        starts: bool,
        late: bool,
    },
    Outcome {
        task: u32,
        outcome: &'a Result<P::Reply, Failed>,
    },
    Due {
        task: u32,
    },
    GoOn {
        task: u32,
    },
}

impl<P: Process> Clone for Incoming<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Process> Copy for Incoming<'_, P> {}

impl<'a, P: Process> Incoming<'a, P> {
    /// The same, as one that is not late.
    pub(crate) fn in_time(&self) -> Incoming<'a, P> {
        match *self {
            Incoming::Event { event, starts, .. } => Incoming::Event { event, starts, late: false },
            other => other,
        }
    }
}

/// What an instance does next: its step, and the process's own events.
pub(crate) struct Next<P: Process> {
    pub(crate) step: Step,
    pub(crate) events: Vec<P::Event>,
}

/// Why an input has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// No such instance has begun.
    Unknown,
    /// It was taken in before.
    Seen,
    /// The instance takes in nothing of the kind any more.
    Over,
    /// There is no such task yet, as far as is known here.
    NoTask,
    /// The task is closed.
    Closed,
    /// It is not due.
    Early,
}

/// What cannot be written as the process wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("it waits for more than {} things at once, or has more to undo", draft::MAX_OPEN)]
    TooMany,
    #[error("`{kind}` is no kind of command: it has 1 to 40 of the characters a-z, 0-9 and _")]
    Kind { kind: &'static str },
    #[error("a {what} cannot be written as JSON")]
    Unwritable { what: &'static str },
    #[error("a {what} that is kept is not one that this code reads: deploy code that does")]
    Unreadable { what: &'static str },
}

/// What follows from an input, now.
pub(crate) fn advance<P: Process>(
    instance: &Instance<P>,
    incoming: &Incoming<'_, P>,
    now: OffsetDateTime,
) -> Result<Result<Next<P>, Ignored>, Wrong> {
    match incoming {
        Incoming::Event { event, starts, late } => {
            take_event(instance, event, (*starts, *late), now)
        }
        Incoming::Outcome { task, outcome } => take_outcome(instance, *task, outcome, now),
        Incoming::Due { task } => take_timer(instance, *task, now),
        Incoming::GoOn { task } => go_on(instance, *task, now),
    }
}

type Advanced<P> = Result<Result<Next<P>, Ignored>, Wrong>;

fn take_event<P: Process>(
    instance: &Instance<P>,
    event: &Recorded<P::Input>,
    (starts, late): (bool, bool),
    now: OffsetDateTime,
) -> Advanced<P> {
    if !instance.has_begun() && !starts {
        return Ok(Err(Ignored::Unknown));
    }
    if !late && instance.book.has_seen(event.partition, event.position) {
        return Ok(Err(Ignored::Seen));
    }
    // Nothing leads back to this phase, so that an event which comes again is left out again.
    if instance.book.phase != Phase::Running {
        return Ok(Err(Ignored::Over));
    }
    let taken = Taken::Event {
        id: event.id,
        stream: event.stream.clone(),
        version: event.version,
        partition: event.partition,
        position: event.position,
    };
    let mut draft = Draft::new(instance, taken, now);
    draft.take(instance.state.react(&Input::Event(event)))?;
    draft.finish().map(Ok)
}

fn take_outcome<P: Process>(
    instance: &Instance<P>,
    number: u32,
    outcome: &Result<P::Reply, Failed>,
    now: OffsetDateTime,
) -> Advanced<P> {
    let Some(task) = instance.book.open.get(&number) else {
        let known = number < instance.book.next();
        return Ok(Err(if known { Ignored::Closed } else { Ignored::NoTask }));
    };
    let What::Command { command, undoes } = &task.what else {
        return Ok(Err(Ignored::Closed));
    };
    let taken = match outcome {
        Ok(reply) => Taken::Done { task: number, reply: to_value(reply, "reply")? },
        Err(failed) => Taken::Failed {
            task: number,
            reason: shortened(&failed.reason),
            in_doubt: failed.in_doubt,
        },
    };
    let mut draft = Draft::new(instance, taken, now);
    draft.close(task);
    if *undoes || instance.book.phase == Phase::Ending {
        // It must be done: where it cannot, a person decides.
        if let Err(failed) = outcome {
            draft.park(task, failed);
        }
        return draft.finish().map(Ok);
    }
    let command: P::Command = draft::from_value(command, "command")?;
    let completion = match outcome {
        Ok(reply) => Some(Completion::Done(reply)),
        Err(failed) => failed.in_doubt.then_some(Completion::InDoubt),
    };
    if let Some(completion) = completion {
        draft.undo_later(instance.state.compensation(&command, completion))?;
    }
    if instance.book.phase == Phase::Running {
        let command = &command;
        let input = match outcome {
            Ok(reply) => Input::Done { command, reply },
            Err(failure) => Input::Failed { command, failure },
        };
        draft.take(instance.state.react(&input))?;
    }
    draft.finish().map(Ok)
}

fn take_timer<P: Process>(instance: &Instance<P>, number: u32, now: OffsetDateTime) -> Advanced<P> {
    let Some(task) = instance.book.open.get(&number) else {
        let known = number < instance.book.next();
        return Ok(Err(if known { Ignored::Closed } else { Ignored::NoTask }));
    };
    let What::Timer { timer } = &task.what else {
        return Ok(Err(Ignored::Closed));
    };
    if task.due > now {
        return Ok(Err(Ignored::Early));
    }
    let timer: P::Timer = draft::from_value(timer, "timer")?;
    let mut draft = Draft::new(instance, Taken::Timer { task: number }, now);
    draft.close(task);
    draft.take(instance.state.react(&Input::Timer(&timer)))?;
    draft.finish().map(Ok)
}

fn go_on<P: Process>(instance: &Instance<P>, number: u32, now: OffsetDateTime) -> Advanced<P> {
    let Some(task) = instance.book.open.get(&number) else {
        let known = number < instance.book.next();
        return Ok(Err(if known { Ignored::Closed } else { Ignored::NoTask }));
    };
    let mut draft = Draft::new(instance, Taken::WentOn { task: number }, now);
    draft.close(task);
    draft.finish().map(Ok)
}

/// What an instance does at a turn of its way.
fn turned(phase: &Phase, turn: Option<&Turn>) -> Option<Phase> {
    match (phase, turn?) {
        (Phase::Running, Turn::End) => Some(Phase::Ending),
        (Phase::Running, Turn::Compensate(reason)) => {
            Some(Phase::Compensating { reason: shortened(reason) })
        }
        _ => None,
    }
}
