//! Orders, and bills that are written whenever one is changed.

use annals::{Aggregate, Event, Recorded};
use annals_processes::{Policy, Refusal};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "order")]
pub enum OrderEvent {
    /// What was ordered.
    Changed { lines: Vec<String> },
    /// It concerns nobody.
    LookedAt,
}

#[derive(Debug, Default)]
pub struct Order;

impl Aggregate for Order {
    const CATEGORY: &'static str = "order";
    type Id = str;
    type Event = OrderEvent;

    fn evolve(&mut self, _: &OrderEvent) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "bill")]
pub enum BillEvent {
    Written { line: String },
}

#[derive(Debug, Default)]
pub struct Bill {
    pub lines: Vec<String>,
}

impl Aggregate for Bill {
    const CATEGORY: &'static str = "bill";
    type Id = str;
    type Event = BillEvent;

    fn evolve(&mut self, BillEvent::Written { line }: &BillEvent) {
        self.lines.push(line.clone());
    }
}

/// A line for the bill of an order. It is not idempotent by itself: what makes it happen once
/// is the key of the command.
pub struct Write {
    pub order: String,
    pub line: String,
}

/// Whenever an order is changed, its lines are written on its bill.
pub struct Billing;

impl Policy for Billing {
    const NAME: &'static str = "billing";
    type Event = OrderEvent;
    type Command = Write;

    fn react(event: &Recorded<OrderEvent>) -> Vec<Write> {
        let OrderEvent::Changed { lines } = &event.event else { return vec![] };
        assert!(!lines.iter().any(|line| line == "poison"), "nobody can bill that");
        let order = event.stream.key();
        let write = |line: &String| Write { order: order.to_owned(), line: line.clone() };
        lines.iter().map(write).collect()
    }

    fn refused(command: &Write, _: &str) -> Refusal {
        if command.line == "free" { Refusal::Ignore } else { Refusal::Park }
    }
}
