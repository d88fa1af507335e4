//! The aggregate `Order`: what a customer asked for, and how it ends. All of it is pure.

mod command;
mod event;
#[cfg(test)]
mod tests;

use annals::{Aggregate, Decide};

pub(crate) use command::{Cancel, Confirm, Place, Refusal, RequestCancellation, Ship};
pub(crate) use event::{Line, OrderEvent, Phase};

use crate::ids::OrderId;

/// What is known about an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// `None` until it is placed.
    pub(crate) phase: Option<Phase>,
    /// The customer wants it no more. Who is shipping it finds out before it leaves.
    pub(crate) cancelling: bool,
}

impl Aggregate for Order {
    const CATEGORY: &'static str = "order";
    type Id = OrderId;
    type Event = OrderEvent;

    fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::CancellationRequested => self.cancelling = true,
            _ => self.phase = event.phase(),
        }
    }
}

impl Decide<Place> for Order {
    type Error = Refusal;

    fn decide(&self, place: &Place) -> Result<Vec<OrderEvent>, Refusal> {
        if self.phase.is_some() {
            return Err(Refusal::AlreadyPlaced);
        }
        place.check()?;
        let Place { customer, lines, cents } = place.clone();
        Ok(vec![OrderEvent::Placed { customer, lines, cents }])
    }
}

impl Decide<RequestCancellation> for Order {
    type Error = Refusal;

    fn decide(&self, _: &RequestCancellation) -> Result<Vec<OrderEvent>, Refusal> {
        match self.placed()? {
            Phase::Shipped => Err(Refusal::Shipped),
            Phase::Placed | Phase::Confirmed if !self.cancelling => {
                Ok(vec![OrderEvent::CancellationRequested])
            }
            _ => Ok(vec![]),
        }
    }
}

impl Decide<Confirm> for Order {
    type Error = Refusal;

    fn decide(&self, _: &Confirm) -> Result<Vec<OrderEvent>, Refusal> {
        match self.placed()? {
            Phase::Cancelled => Err(Refusal::Cancelled),
            Phase::Placed if self.cancelling => Err(Refusal::Cancelling),
            Phase::Placed => Ok(vec![OrderEvent::Confirmed]),
            Phase::Confirmed | Phase::Shipped => Ok(vec![]),
        }
    }
}

impl Decide<Ship> for Order {
    type Error = Refusal;

    /// This is where a shipment and the customer's change of mind meet: whichever is
    /// recorded first wins.
    fn decide(&self, _: &Ship) -> Result<Vec<OrderEvent>, Refusal> {
        match self.placed()? {
            Phase::Placed => Err(Refusal::NotConfirmed),
            Phase::Cancelled => Err(Refusal::Cancelled),
            Phase::Confirmed if self.cancelling => Err(Refusal::Cancelling),
            Phase::Confirmed => Ok(vec![OrderEvent::Shipped]),
            Phase::Shipped => Ok(vec![]),
        }
    }
}

impl Decide<Cancel> for Order {
    type Error = Refusal;

    fn decide(&self, cancel: &Cancel) -> Result<Vec<OrderEvent>, Refusal> {
        match self.placed()? {
            Phase::Shipped => Err(Refusal::Shipped),
            Phase::Cancelled => Ok(vec![]),
            was @ (Phase::Placed | Phase::Confirmed) => {
                Ok(vec![OrderEvent::Cancelled { reason: cancel.reason.clone(), was }])
            }
        }
    }
}

impl Order {
    fn placed(&self) -> Result<Phase, Refusal> {
        self.phase.ok_or(Refusal::NotPlaced)
    }
}
