//! Orders that are fulfilled: stock is reserved, a payment authorized, the goods shipped; and
//! undone in reverse where a step fails.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::{Aggregate, Decide, Event, Recorded};
use annals_processes::{Completion, Input, Process, Reaction, Route};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "order")]
pub enum OrderEvent {
    Placed { sku: String, quantity: u32, cents: u64 },
    Withdrawn,
    Shipped,
    Cancelled { reason: String },
}

#[derive(Debug, Default)]
pub struct Order {
    placed: bool,
    over: bool,
}

impl Aggregate for Order {
    const CATEGORY: &'static str = "order";
    type Id = str;
    type Event = OrderEvent;

    fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Placed { .. } => self.placed = true,
            OrderEvent::Withdrawn => {}
            OrderEvent::Shipped | OrderEvent::Cancelled { .. } => self.over = true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "stock")]
pub enum StockEvent {
    Received { quantity: u32 },
    Reserved { order: String, quantity: u32 },
    Released { order: String },
}

#[derive(Debug, Default)]
pub struct Stock {
    pub free: u32,
    pub reserved: BTreeMap<String, u32>,
}

impl Aggregate for Stock {
    const CATEGORY: &'static str = "stock";
    type Id = str;
    type Event = StockEvent;

    fn evolve(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Received { quantity } => self.free += quantity,
            StockEvent::Reserved { order, quantity } => {
                self.free -= quantity;
                self.reserved.insert(order.clone(), *quantity);
            }
            StockEvent::Released { order } => {
                self.free += self.reserved.remove(order).unwrap_or(0);
            }
        }
    }
}

pub struct Reserve {
    pub order: String,
    pub quantity: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("only {free} are left")]
pub struct SoldOut {
    free: u32,
}

impl Decide<Reserve> for Stock {
    type Error = SoldOut;

    // Not idempotent by itself: what makes it happen once is the key of the command.
    fn decide(&self, command: &Reserve) -> Result<Vec<StockEvent>, SoldOut> {
        if self.free < command.quantity {
            return Err(SoldOut { free: self.free });
        }
        let Reserve { order, quantity } = command;
        Ok(vec![StockEvent::Reserved { order: order.clone(), quantity: *quantity }])
    }
}

/// What the process remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "fulfilment")]
pub enum FulfilmentEvent {
    Begun { order: String, sku: String, quantity: u32, cents: u64 },
    Paid { payment: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    Reserve { order: String, sku: String, quantity: u32 },
    Release { order: String, sku: String },
    Authorize { order: String, cents: u64 },
    Void { order: String },
    Ship { order: String },
    Cancel { order: String, reason: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Done,
    Authorized { payment: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Alarm {
    /// The order was not fulfilled in time.
    Overdue,
}

#[derive(Debug, Default)]
pub struct Fulfilment {
    order: String,
    cents: u64,
    pub payment: Option<String>,
}

pub const PATIENCE: Duration = Duration::from_secs(3_600);

impl Fulfilment {
    /// What it does, also as a part of other processes.
    pub fn reaction<P>(&self, input: &Input<'_, P>) -> Reaction<P>
    where
        P: Process<
                Input = OrderEvent,
                Event = FulfilmentEvent,
                Command = Ask,
                Reply = Answer,
                Timer = Alarm,
            >,
    {
        let order = self.order.clone();
        match input {
            Input::Event(Recorded { event, stream, .. }) => match event {
                OrderEvent::Placed { sku, quantity, cents } => {
                    let (order, sku) = (stream.key().to_owned(), sku.clone());
                    let (quantity, cents) = (*quantity, *cents);
                    Reaction::none()
                        .record(FulfilmentEvent::Begun {
                            order: order.clone(),
                            sku: sku.clone(),
                            quantity,
                            cents,
                        })
                        .after(PATIENCE, Alarm::Overdue)
                        .command(Ask::Reserve { order, sku, quantity })
                }
                OrderEvent::Withdrawn => Reaction::none().compensate("it was withdrawn"),
                OrderEvent::Shipped | OrderEvent::Cancelled { .. } => Reaction::none(),
            },
            Input::Done { command: Ask::Reserve { .. }, .. } => {
                Reaction::none().command(Ask::Authorize { order, cents: self.cents })
            }
            Input::Done { reply: Answer::Authorized { payment }, .. } => Reaction::none()
                .record(FulfilmentEvent::Paid { payment: payment.clone() })
                .command(Ask::Ship { order })
                .end(),
            Input::Done { .. } => Reaction::none(),
            Input::Failed { failure, .. } => Reaction::none().compensate(failure.reason.clone()),
            Input::Timer(Alarm::Overdue) => Reaction::none().compensate("it took too long"),
            Input::Compensated { reason } => {
                Reaction::none().command(Ask::Cancel { order, reason: (*reason).to_owned() })
            }
        }
    }
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
            OrderEvent::Withdrawn => Route::to(event.stream.key()),
            OrderEvent::Shipped | OrderEvent::Cancelled { .. } => Route::nobody(),
        }
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        self.reaction(input)
    }

    fn evolve(&mut self, event: &FulfilmentEvent) {
        match event {
            FulfilmentEvent::Begun { order, cents, .. } => {
                (self.order, self.cents) = (order.clone(), *cents);
            }
            FulfilmentEvent::Paid { payment } => self.payment = Some(payment.clone()),
        }
    }

    fn compensation(&self, command: &Ask, _: Completion<'_, Answer>) -> Option<Ask> {
        match command {
            Ask::Reserve { order, sku, .. } => {
                Some(Ask::Release { order: order.clone(), sku: sku.clone() })
            }
            Ask::Authorize { order, .. } => Some(Ask::Void { order: order.clone() }),
            _ => None,
        }
    }

    fn kind(command: &Ask) -> &'static str {
        match command {
            Ask::Authorize { .. } | Ask::Void { .. } => "payment",
            _ => "command",
        }
    }
}
