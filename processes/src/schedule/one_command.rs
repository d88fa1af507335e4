//! A scheduled command as a process: one that asks for one thing and reacts to nothing.

use std::marker::PhantomData;

use annals::{AnyStore, Recorded, StreamId};

use super::ScheduledCommand;
use crate::executor::{Call, Executor, Failure};
use crate::instances::category;
use crate::kept::Kept;
use crate::step::{ProcessEvent, What};
use crate::{Input, Process, Reaction, Route};

/// The process of a scheduled command: its first step is written by whoever schedules it, and
/// leaves it [ending](crate::step::Phase::Ending).
pub(crate) struct OneCommand<C>(PhantomData<fn() -> C>);

impl<C> Default for OneCommand<C> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<C: ScheduledCommand> Process for OneCommand<C> {
    const NAME: &'static str = C::NAME;
    type Input = ProcessEvent;
    type Event = ProcessEvent;
    type Command = C;
    type Reply = ();
    type Timer = ();

    fn route(_: &Recorded<ProcessEvent>) -> Route {
        Route::nobody()
    }

    fn react(&self, _: &Input<'_, Self>) -> Reaction<Self> {
        Reaction::none()
    }

    fn evolve(&mut self, _: &ProcessEvent) {}

    fn kind(command: &C) -> &'static str {
        command.kind()
    }
}

/// Carries scheduled commands out, but for those of which the log says that they were
/// cancelled: the agenda may be behind.
pub(crate) struct Punctual<C, X> {
    log: AnyStore,
    executor: X,
    command: PhantomData<fn() -> C>,
}

impl<C: ScheduledCommand, X: Executor<C>> Punctual<C, X> {
    pub(crate) fn new(log: AnyStore, executor: X) -> Self {
        Self { log, executor, command: PhantomData }
    }

    async fn is_wanted(&self, key: &str) -> Result<bool, Failure> {
        let stream = StreamId::new(&category(C::NAME), key).map_err(Failure::refused)?;
        let kept = Kept::read(&self.log, &stream).await.map_err(Failure::passing)?;
        Ok(kept.book.open.values().any(|task| matches!(task.what, What::Command { .. })))
    }
}

impl<C: ScheduledCommand, X: Executor<C>> Executor<C> for Punctual<C, X> {
    type Reply = ();

    async fn execute(&self, command: &C, call: &Call) -> Result<(), Failure> {
        if !self.is_wanted(&call.instance).await? {
            // The instance is over, and takes nothing in.
            return Err(Failure::refused("it was cancelled"));
        }
        self.executor.execute(command, call).await.map(drop)
    }

    fn fallback(&self, command: &C, failure: &Failure) -> Option<()> {
        self.executor.fallback(command, failure).map(drop)
    }
}
