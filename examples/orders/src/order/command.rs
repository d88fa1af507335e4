//! What is asked of an order, and what it refuses.

use std::collections::HashSet;

use serde::Serialize;

use super::Line;

/// Customers place orders of so many different goods.
const MOST_LINES: usize = 20;
/// And so many of each, and so much money: no sum of many ever overflows.
const MOST_QUANTITY: u32 = 1_000;
const MOST_CENTS: u64 = 100_000_000;
const MOST_CHARS: usize = 100;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Place {
    pub(crate) customer: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) cents: u64,
}

impl Place {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.customer.trim().is_empty() || self.customer.chars().count() > MOST_CHARS {
            return Err(Refusal::Customer);
        }
        if !(1..=MOST_LINES).contains(&self.lines.len()) {
            return Err(Refusal::Lines);
        }
        if self.lines.iter().any(|line| !(1..=MOST_QUANTITY).contains(&line.quantity)) {
            return Err(Refusal::Quantity);
        }
        let mut seen = HashSet::new();
        if !self.lines.iter().all(|line| seen.insert(&line.sku)) {
            return Err(Refusal::Twice);
        }
        if !(1..=MOST_CENTS).contains(&self.cents) {
            return Err(Refusal::Cents);
        }
        Ok(())
    }
}

/// The customer has changed his mind.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct RequestCancellation;

/// Goods and money are there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Confirm;

/// It leaves now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ship;

/// It ends without a shipment; what was done for it has been undone.
#[derive(Debug, Clone)]
pub(crate) struct Cancel {
    pub(crate) reason: String,
}

/// What an order does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the order is placed already")]
    AlreadyPlaced,
    #[error("there is no such order")]
    NotPlaced,
    #[error("the customer's name has 1 to {MOST_CHARS} characters")]
    Customer,
    #[error("an order has 1 to {MOST_LINES} lines")]
    Lines,
    #[error("a line is of 1 to {MOST_QUANTITY} pieces")]
    Quantity,
    #[error("two lines are of the same goods: make them one")]
    Twice,
    #[error("an order is of 1 to {MOST_CENTS} cents")]
    Cents,
    #[error("the order is not confirmed")]
    NotConfirmed,
    #[error("the order has been shipped: it cannot be cancelled any more")]
    Shipped,
    #[error("the order is cancelled")]
    Cancelled,
    #[error("the customer has asked for its cancellation")]
    Cancelling,
}
