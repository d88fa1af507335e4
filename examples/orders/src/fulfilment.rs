//! The process by which an order is fulfilled: goods are reserved, money is held, the parcel
//! leaves; and all of it is undone, the last first, where one of them fails or the customer
//! changes his mind. It is pure: what it asks for is carried out by `executor`.

mod ask;
mod event;
mod executor;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use annals::Recorded;
use annals_processes::{
    BreakerOptions, CallOptions, Completion, Input, Process, ProcessOptions, Reaction, Route,
};
use serde::{Deserialize, Serialize};

pub(crate) use ask::{Answer, Ask};
pub(crate) use event::FulfilmentEvent;
pub(crate) use executor::Fulfils;

use crate::ids::{OrderId, Sku};
use crate::order::{Line, OrderEvent};

/// How long an order may take until it is given up.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How long a call to the payment service may take: longer than its client waits.
const CALL: Duration = Duration::from_secs(5);

/// An order on its way.
#[derive(Debug, Default)]
pub(crate) struct Fulfilment {
    order: Option<OrderId>,
    lines: Vec<Line>,
    cents: u64,
    reserved: BTreeSet<Sku>,
}

/// What it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alarm {
    /// It takes too long.
    Overdue,
}

impl Process for Fulfilment {
    const NAME: &'static str = "fulfilment";
    type Input = OrderEvent;
    type Event = FulfilmentEvent;
    type Command = Ask;
    type Reply = Answer;
    type Timer = Alarm;

    fn route(event: &Recorded<OrderEvent>) -> Route {
        match event.event {
            OrderEvent::Placed { .. } => Route::start(event.stream.key()),
            OrderEvent::CancellationRequested => Route::to(event.stream.key()),
            // It has asked for these itself.
            OrderEvent::Confirmed | OrderEvent::Shipped | OrderEvent::Cancelled { .. } => {
                Route::nobody()
            }
        }
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(event) => self.happened(event),
            Input::Done { command, reply } => self.done(command, reply),
            Input::Failed { command: Ask::Ship { order }, failure } if failure.in_doubt => {
                // It must be known: behind this step nothing goes back.
                Reaction::none().command(Ask::Ship { order: *order })
            }
            Input::Failed { failure, .. } => Reaction::none().compensate(&failure.reason),
            Input::Timer(Alarm::Overdue) => Reaction::none().compensate("it took too long"),
            Input::Compensated { reason } => match self.order {
                Some(order) => {
                    Reaction::none().command(Ask::Cancel { order, reason: (*reason).to_owned() })
                }
                None => Reaction::none(),
            },
        }
    }

    fn evolve(&mut self, event: &FulfilmentEvent) {
        match event {
            FulfilmentEvent::Begun { order, lines, cents } => {
                (self.order, self.lines, self.cents) = (Some(*order), lines.clone(), *cents);
            }
            FulfilmentEvent::Reserved { sku } => {
                self.reserved.insert(sku.clone());
            }
        }
    }

    /// Each of them does no harm where there is nothing to undo.
    fn compensation(&self, command: &Ask, completion: Completion<'_, Answer>) -> Option<Ask> {
        if let Completion::Done(Answer::SoldOut | Answer::Refused { .. }) = completion {
            return None;
        }
        match command {
            Ask::Reserve { order, line } => {
                Some(Ask::Release { order: *order, sku: line.sku.clone() })
            }
            Ask::Authorize { order, .. } => Some(Ask::Void { order: *order }),
            Ask::Dispatch { order, .. } => Some(Ask::Recall { order: *order }),
            _ => None,
        }
    }

    fn kind(command: &Ask) -> &'static str {
        match command {
            Ask::Authorize { .. } | Ask::Void { .. } => "payment",
            _ => "shop",
        }
    }
}

impl Fulfilment {
    fn happened(&self, event: &Recorded<OrderEvent>) -> Reaction<Self> {
        match &event.event {
            OrderEvent::Placed { lines, cents, .. } => {
                let Some(order) = OrderId::of(&event.stream) else { return Reaction::none() };
                let (lines, cents) = (lines.clone(), *cents);
                let all = Reaction::none().after(PATIENCE, Alarm::Overdue);
                let reserve = |line: &Line| Ask::Reserve { order, line: line.clone() };
                let all = lines.iter().map(reserve).fold(all, Reaction::command);
                all.record(FulfilmentEvent::Begun { order, lines, cents })
            }
            // The order itself has made sure that it is not shipped.
            OrderEvent::CancellationRequested => {
                Reaction::none().compensate("the customer wants it no more")
            }
            _ => Reaction::none(),
        }
    }

    fn done(&self, command: &Ask, reply: &Answer) -> Reaction<Self> {
        match (command, reply) {
            (Ask::Reserve { line, .. }, Answer::SoldOut) => {
                Reaction::none().compensate(format!("{} is sold out", line.sku))
            }
            (Ask::Authorize { .. }, Answer::Refused { reason }) => {
                Reaction::none().compensate(reason)
            }
            (Ask::Reserve { order, line }, _) => {
                let reserved = FulfilmentEvent::Reserved { sku: line.sku.clone() };
                let reaction = Reaction::none().record(reserved);
                let is_reserved =
                    |other: &Line| other.sku == line.sku || self.reserved.contains(&other.sku);
                if !self.lines.iter().all(is_reserved) {
                    return reaction;
                }
                reaction.command(Ask::Authorize { order: *order, cents: self.cents })
            }
            (Ask::Authorize { order, .. }, _) => {
                Reaction::none().command(Ask::Confirm { order: *order })
            }
            (Ask::Confirm { order }, _) => {
                let lines = self.lines.clone();
                Reaction::none().command(Ask::Dispatch { order: *order, lines })
            }
            // From here on nothing goes back, whatever time it takes.
            (Ask::Dispatch { order, .. }, _) => {
                Reaction::none().cancel(Alarm::Overdue).command(Ask::Ship { order: *order })
            }
            (Ask::Ship { order }, _) => {
                let take = |line: &Line| Ask::Take { order: *order, sku: line.sku.clone() };
                self.lines.iter().map(take).fold(Reaction::none(), Reaction::command).end()
            }
            _ => Reaction::none(),
        }
    }
}

/// How many calls of the payment service are under way at once.
const AT_ONCE: u32 = 32;

/// How the payment service is called. Where it does not answer at all, its circuit opens, and
/// orders wait.
pub(crate) fn payment() -> CallOptions {
    let calls = CallOptions::new().timeout(CALL).attempts(10).concurrency(AT_ONCE as usize);
    calls.dependency("payments").breaker(breaker())
}

/// When it counts as one that does not answer at all. A failure is told at once, and an answer
/// when it is recorded: so of the first calls, which begin together, those that fail are known
/// first, and say nothing yet of the others.
pub(crate) fn breaker() -> BreakerOptions {
    BreakerOptions::new().failures(AT_ONCE).percent(80).window(Duration::from_secs(60))
}

/// How its commands are carried out.
pub(crate) fn options() -> ProcessOptions {
    ProcessOptions::new()
        .kind("payment", payment())
        .kind("shop", CallOptions::new().attempts(20))
        // Orders that were placed before the shop fulfilled any.
        .from_beginning()
}
