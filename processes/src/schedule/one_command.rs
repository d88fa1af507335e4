//! A scheduled command as a process: one that asks for one thing and reacts to nothing.

use std::marker::PhantomData;

use annals::Recorded;

use super::ScheduledCommand;
use crate::executor::{Call, Executor, Failure};
use crate::step::ProcessEvent;
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

/// Carries scheduled commands out, whose replies nobody waits for.
pub(crate) struct Replyless<C, X> {
    executor: X,
    command: PhantomData<fn() -> C>,
}

impl<C, X> Replyless<C, X> {
    pub(crate) fn new(executor: X) -> Self {
        Self { executor, command: PhantomData }
    }
}

impl<C: ScheduledCommand, X: Executor<C>> Executor<C> for Replyless<C, X> {
    type Reply = ();

    async fn execute(&self, command: &C, call: &Call) -> Result<(), Failure> {
        self.executor.execute(command, call).await.map(drop)
    }

    fn fallback(&self, command: &C, failure: &Failure) -> Option<()> {
        self.executor.fallback(command, failure).map(drop)
    }
}
