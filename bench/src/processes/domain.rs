//! Transfers of two commands each, and waits of one timer each.

use std::time::Duration;

use annals::{Aggregate, Event, Recorded, Repository};
use annals_processes::{Call, Executor, Failure, Input, Process, Reaction, Route};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Deposit};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "transfer")]
pub(super) enum TransferEvent {
    Requested { from: u64, to: u64, cents: u64 },
}

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "moving")]
pub(super) enum MovingEvent {
    Begun { to: u64, cents: u64 },
    Moved,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Move {
    /// From an account that is always well filled.
    Take {
        from: u64,
        cents: u64,
    },
    Give {
        to: u64,
        cents: u64,
    },
}

#[derive(Debug, Default)]
pub(super) struct Moving {
    to: u64,
    cents: u64,
}

/// Three steps and two commands.
impl Process for Moving {
    const NAME: &'static str = "moving";
    type Input = TransferEvent;
    type Event = MovingEvent;
    type Command = Move;
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<TransferEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(event) => {
                let TransferEvent::Requested { from, to, cents } = event.event;
                Reaction::none()
                    .record(MovingEvent::Begun { to, cents })
                    .command(Move::Take { from, cents })
            }
            Input::Done { command: Move::Take { .. }, .. } => {
                Reaction::none().command(Move::Give { to: self.to, cents: self.cents })
            }
            Input::Done { command: Move::Give { .. }, .. } => {
                Reaction::none().record(MovingEvent::Moved).end()
            }
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, event: &MovingEvent) {
        if let MovingEvent::Begun { to, cents } = event {
            (self.to, self.cents) = (*to, *cents);
        }
    }
}

#[derive(Clone)]
pub(super) struct Bank(pub(super) Repository<Account>);

impl Executor<Move> for Bank {
    type Reply = ();

    async fn execute(&self, command: &Move, call: &Call) -> Result<(), Failure> {
        let (Move::Take { from: account, cents } | Move::Give { to: account, cents }) = command;
        let deposit = Deposit { cents: *cents };
        self.0.execute(account, deposit).idempotency_key(call.key.clone()).await?;
        Ok(())
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "wait")]
pub(super) enum WaitEvent {
    Requested { millis: u64 },
}

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "waiting")]
pub(super) enum WaitingEvent {
    Over,
}

/// Two steps and a timer.
#[derive(Debug, Default)]
pub(super) struct Waiting;

impl Process for Waiting {
    const NAME: &'static str = "waiting";
    type Input = WaitEvent;
    type Event = WaitingEvent;
    type Command = ();
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<WaitEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(event) => {
                let WaitEvent::Requested { millis } = event.event;
                Reaction::none().after(Duration::from_millis(millis), ())
            }
            Input::Timer(()) => Reaction::none().record(WaitingEvent::Over).end(),
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &WaitingEvent) {}
}

/// Waiting asks for nothing.
pub(super) struct Nobody;

impl Executor<()> for Nobody {
    type Reply = ();

    async fn execute(&self, (): &(), _: &Call) -> Result<(), Failure> {
        Ok(())
    }
}

/// What was requested, for the repositories of both kinds.
#[derive(Debug, Default)]
pub(super) struct Transfer;

impl Aggregate for Transfer {
    const CATEGORY: &'static str = "transfer";
    type Id = u64;
    type Event = TransferEvent;
    fn evolve(&mut self, _: &TransferEvent) {}
}

#[derive(Debug, Default)]
pub(super) struct Wait;

impl Aggregate for Wait {
    const CATEGORY: &'static str = "wait";
    type Id = str;
    type Event = WaitEvent;
    fn evolve(&mut self, _: &WaitEvent) {}
}
