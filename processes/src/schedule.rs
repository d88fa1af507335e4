//! Commands that are carried out at a time.

mod answers;
mod command;
mod errors;
mod one_command;

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use annals::store::{Append, NewEvent, kept_time};
use annals::{AnyStore, AppendError, Clock, EventStore, ExpectedVersion, StreamId, SystemClock};
use serde_json::Value;
use time::OffsetDateTime;

pub use self::answers::{Cancelled, Scheduled};
pub use self::command::ScheduledCommand;
pub(crate) use self::command::is_name;
pub use self::errors::{CancelError, ScheduleError};
pub(crate) use self::one_command::{OneCommand, Replyless};
use crate::append::{append_surely, failed};
use crate::engine::{kind_of, to_value};
use crate::instances::category;
use crate::kept::Kept;
use crate::operations::abandoned;
use crate::step::{Phase, ProcessEvent, Step, Taken, Task, What};

/// How often is looked again because somebody else has changed the same instance meanwhile.
const CONFLICTS: u32 = 20;

/// How far the clocks of workers are apart at most.
const CLOCKS: Duration = Duration::from_secs(1);

/// Commands that are carried out at a time, each once, by a worker that was given
/// [`Processes::schedule`](crate::Processes::schedule).
///
/// Each stands under a key of the caller's, and is an instance as those of processes are: in
/// the log, in the overview, and waiting for a decision where it cannot be carried out.
///
/// A clone is another handle.
pub struct Schedule<C> {
    log: AnyStore,
    clock: Arc<dyn Clock>,
    command: PhantomData<fn() -> C>,
}

impl<C: ScheduledCommand> Schedule<C> {
    /// The schedule in this log.
    pub fn new(log: impl EventStore) -> Self {
        const { assert!(is_name(C::NAME), "a schedule is named by 1 to 40 of a-z, 0-9 and _") };
        Self { log: log.erased(), clock: Arc::new(SystemClock), command: PhantomData }
    }

    /// By which clock it counts: that of the machine by default. It should agree with those of
    /// the workers to less than a second.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Has a command carried out at a time; at once where that has passed.
    ///
    /// The same key with the same command is one, however often and whenever it comes: the first
    /// time that was said counts.
    ///
    /// # Errors
    /// See [`ScheduleError`].
    ///
    /// # Cancellation
    /// Where it is dropped, the command is scheduled or it is not: do it again.
    pub async fn at(
        &self,
        key: impl Display,
        time: OffsetDateTime,
        command: &C,
    ) -> Result<Scheduled, ScheduleError> {
        let stream = StreamId::new(&category(C::NAME), key)?;
        let kind = kind_of::<OneCommand<C>>(command)?;
        let command = to_value(command, "command")?;
        let due = kept_time(time);
        let step = opening(kind, due, command.clone());
        let codec = self.log.log().codec;
        let event = NewEvent::encode(codec, &ProcessEvent::Stepped(step))?;
        let append = Append::to(stream.clone(), ExpectedVersion::NoStream, vec![event]);
        match append_surely(&self.log, append).await {
            Ok(appended) => Ok(Scheduled { due, repeated: appended.repeated }),
            Err(AppendError::Conflict(_)) => self.known(&stream, &command).await,
            Err(AppendError::Invalid(invalid)) => Err(invalid.into()),
            Err(error) => Err(failed(error).into()),
        }
    }

    /// Has a command carried out after some time, counted from now: see [`at`](Self::at).
    ///
    /// # Errors
    /// See [`ScheduleError`].
    pub async fn after(
        &self,
        key: impl Display,
        time: Duration,
        command: &C,
    ) -> Result<Scheduled, ScheduleError> {
        let time = time::Duration::try_from(time).unwrap_or(time::Duration::MAX);
        let due = self.clock.now().checked_add(time).ok_or(ScheduleError::TooFar)?;
        self.at(key, due, command).await
    }

    /// Cancels a command, with a note why. To do so twice is to do it once, though whoever asks
    /// again when the time has come learns less.
    ///
    /// # Errors
    /// See [`CancelError`].
    pub async fn cancel(&self, key: impl Display, note: &str) -> Result<Cancelled, CancelError> {
        let stream = StreamId::new(&category(C::NAME), key)?;
        for _ in 0..CONFLICTS {
            let kept = Kept::read(&self.log, &stream).await?;
            let task = first_task(&kept).ok_or(CancelError::Unknown)?;
            match kept.book.phase {
                Phase::Ended => return Ok(Cancelled::TooLate),
                Phase::Abandoned => return Ok(self.cancelled(task)),
                _ => {}
            }
            if kept.go_on(&self.log, abandoned(&kept.book, note)).await?.is_some() {
                return Ok(self.cancelled(task));
            }
        }
        Err(CancelError::Contended)
    }

    /// It is so by now. No worker begins with a command before its time, nor with one of which
    /// the log says then that it was cancelled.
    fn cancelled(&self, task: &Task) -> Cancelled {
        let in_time = self.clock.now() + CLOCKS < task.due;
        if in_time { Cancelled::InTime } else { Cancelled::PerhapsTooLate }
    }

    /// What stands under a key already.
    async fn known(&self, stream: &StreamId, command: &Value) -> Result<Scheduled, ScheduleError> {
        let kept_here = Kept::read(&self.log, stream).await?;
        let task = first_task(&kept_here).ok_or(ScheduleError::AnotherCommand)?;
        let What::Command { command: kept, .. } = &task.what else {
            return Err(ScheduleError::AnotherCommand);
        };
        // As this code would write it: fields may have come with a default.
        let rewritten = C::deserialize(kept).ok().and_then(|kept| to_value(&kept, "command").ok());
        if rewritten.as_ref().unwrap_or(kept) != command {
            return Err(ScheduleError::AnotherCommand);
        }
        if kept_here.book.phase == Phase::Abandoned {
            return Err(ScheduleError::Cancelled);
        }
        Ok(Scheduled { due: task.due, repeated: true })
    }
}

/// The one step by which a command is asked for. The instance ends when it is done; nothing
/// else is for it.
fn opening(kind: &str, due: OffsetDateTime, command: Value) -> Step {
    let what = What::Command { command, undoes: false };
    Step {
        input: Taken::Scheduled,
        opened: vec![Task { number: 0, key: 0, kind: kind.to_owned(), due, what }],
        closed: Vec::new(),
        undo: Vec::new(),
        undone: 0,
        phase: Some(Phase::Ending),
    }
}

fn first_task(kept: &Kept) -> Option<&Task> {
    kept.first.as_ref().filter(|step| step.input == Taken::Scheduled)?.opened.first()
}

impl<C> Clone for Schedule<C> {
    fn clone(&self) -> Self {
        Self { log: self.log.clone(), clock: self.clock.clone(), command: PhantomData }
    }
}

impl<C> fmt::Debug for Schedule<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").field("log", &self.log).finish_non_exhaustive()
    }
}
