//! The aggregate `Stock`: the pieces of one kind of goods, and for whom they are kept.
//! All of it is pure.
//!
//! Each step that is asked for an order leaves an event, whichever way it ends: who
//! orchestrates orders follows events, and nothing is lost between an answer and what is
//! made of it.

mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use annals::{Aggregate, Decide};
use serde::Serialize;

pub(crate) use event::StockEvent;

use crate::ids::{OrderId, Sku};

/// So many come at once at most, so that no sum of many ever overflows.
const MOST: u32 = 1_000_000;

/// What is known about the goods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stock {
    /// Pieces that nobody has reserved.
    pub(crate) free: u64,
    /// How it went for each order that ever asked: a step that comes again changes
    /// nothing, however late.
    orders: BTreeMap<OrderId, Hold>,
}

/// How it went for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Reserved(u32),
    SoldOut,
    Released,
    Taken,
}

impl Stock {
    /// Whether there were too few pieces when an order asked for them.
    pub(crate) fn is_sold_out(&self, order: OrderId) -> bool {
        self.orders.get(&order) == Some(&Hold::SoldOut)
    }
}

impl Aggregate for Stock {
    const CATEGORY: &'static str = "stock";
    type Id = Sku;
    type Event = StockEvent;

    fn evolve(&mut self, event: &StockEvent) {
        let (order, hold) = match *event {
            StockEvent::Received { quantity } => {
                self.free += u64::from(quantity);
                return;
            }
            StockEvent::Reserved { order, quantity } => {
                self.free -= u64::from(quantity);
                (order, Hold::Reserved(quantity))
            }
            StockEvent::SoldOut { order, .. } => (order, Hold::SoldOut),
            StockEvent::Released { order, quantity } => {
                self.free += u64::from(quantity);
                (order, Hold::Released)
            }
            StockEvent::Taken { order, .. } => (order, Hold::Taken),
        };
        self.orders.insert(order, hold);
    }
}

/// Goods have come.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Receive {
    pub(crate) quantity: u32,
}

/// Pieces are kept for an order, all that it asks for or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserve {
    pub(crate) order: OrderId,
    pub(crate) quantity: u32,
}

/// An order needs its pieces no more. It may come before the `Reserve` that it undoes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub(crate) order: OrderId,
}

/// The pieces of an order have left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take {
    pub(crate) order: OrderId,
}

/// What is not done with goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("1 to {MOST} pieces are received at once")]
    Quantity,
    #[error("the order has been released: nothing is reserved for it any more")]
    Released,
    #[error("nothing is reserved for the order")]
    NotReserved,
    #[error("the order's pieces have left")]
    Taken,
}

impl Decide<Receive> for Stock {
    type Error = Refusal;

    fn decide(&self, &Receive { quantity }: &Receive) -> Result<Vec<StockEvent>, Refusal> {
        if !(1..=MOST).contains(&quantity) {
            return Err(Refusal::Quantity);
        }
        Ok(vec![StockEvent::Received { quantity }])
    }
}

impl Decide<Reserve> for Stock {
    type Error = Refusal;

    fn decide(&self, reserve: &Reserve) -> Result<Vec<StockEvent>, Refusal> {
        let Reserve { order, quantity } = *reserve;
        match self.orders.get(&order) {
            Some(Hold::Released) => Err(Refusal::Released),
            Some(Hold::Reserved(_) | Hold::SoldOut | Hold::Taken) => Ok(vec![]),
            None if u64::from(quantity) > self.free => {
                Ok(vec![StockEvent::SoldOut { order, quantity }])
            }
            None => Ok(vec![StockEvent::Reserved { order, quantity }]),
        }
    }
}

impl Decide<Release> for Stock {
    type Error = Refusal;

    fn decide(&self, &Release { order }: &Release) -> Result<Vec<StockEvent>, Refusal> {
        let quantity = match self.orders.get(&order) {
            Some(Hold::Taken) => return Err(Refusal::Taken),
            Some(Hold::Released) => return Ok(vec![]),
            Some(Hold::Reserved(quantity)) => *quantity,
            // Recorded all the same, so that a `Reserve` which is still on its way finds it.
            Some(Hold::SoldOut) | None => 0,
        };
        Ok(vec![StockEvent::Released { order, quantity }])
    }
}

impl Decide<Take> for Stock {
    type Error = Refusal;

    fn decide(&self, &Take { order }: &Take) -> Result<Vec<StockEvent>, Refusal> {
        match self.orders.get(&order) {
            Some(&Hold::Reserved(quantity)) => Ok(vec![StockEvent::Taken { order, quantity }]),
            Some(Hold::Taken) => Ok(vec![]),
            Some(Hold::SoldOut | Hold::Released) | None => Err(Refusal::NotReserved),
        }
    }
}
