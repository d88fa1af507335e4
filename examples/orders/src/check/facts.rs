//! What the log says, folded without the code that is checked.

use std::collections::BTreeMap;

use annals::Recorded;

use crate::event::ShopEvent;
use crate::ids::{OrderId, Sku};
use crate::order::{Line, OrderEvent, Phase};
use crate::payment::PaymentEvent;
use crate::shipment::ShipmentEvent;
use crate::stock::StockEvent;

/// What the log says of everything.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) orders: BTreeMap<OrderId, OrderFacts>,
    pub(super) stock: BTreeMap<Sku, StockFacts>,
}

/// Of an order, or of what was done in its name.
#[derive(Debug, Default)]
pub(super) struct OrderFacts {
    pub(super) phase: Option<Phase>,
    pub(super) lines: Vec<Line>,
    pub(super) cents: u64,
    pub(super) authorized: bool,
    pub(super) dispatched: bool,
    pub(super) reserved: BTreeMap<Sku, u32>,
    pub(super) taken: BTreeMap<Sku, u32>,
    /// Anything but its placing and cancelling.
    pub(super) touched: bool,
}

/// Of some goods.
#[derive(Debug, Default)]
pub(super) struct StockFacts {
    received: i64,
    given: i64,
    /// The most that was ever promised or gone beyond what had come.
    pub(super) most_missing: i64,
}

impl Facts {
    pub(super) fn add(&mut self, recorded: &Recorded<ShopEvent>) {
        if let ShopEvent::Stock(event) = &recorded.event {
            self.stock.entry(Sku::of(&recorded.stream)).or_default().add(event);
        }
        let Some(order) = ShopEvent::order(recorded) else { return };
        let facts = self.orders.entry(order).or_default();
        match &recorded.event {
            ShopEvent::Order(event) => facts.order(event),
            ShopEvent::Stock(event) => facts.stock(Sku::of(&recorded.stream), event),
            ShopEvent::Payment(event) => {
                facts.touched = true;
                facts.authorized = matches!(event, PaymentEvent::Authorized { .. });
            }
            ShopEvent::Shipment(event) => {
                facts.touched = true;
                facts.dispatched = matches!(event, ShipmentEvent::Dispatched { .. });
            }
        }
    }
}

impl OrderFacts {
    fn order(&mut self, event: &OrderEvent) {
        self.phase = event.phase().or(self.phase);
        if let OrderEvent::Placed { lines, cents, .. } = event {
            (self.lines, self.cents) = (lines.clone(), *cents);
        }
    }

    fn stock(&mut self, sku: Sku, event: &StockEvent) {
        self.touched = true;
        match *event {
            StockEvent::Reserved { quantity, .. } => {
                *self.reserved.entry(sku).or_default() += quantity;
            }
            StockEvent::Released { .. } => {
                self.reserved.remove(&sku);
            }
            StockEvent::Taken { quantity, .. } => {
                self.reserved.remove(&sku);
                *self.taken.entry(sku).or_default() += quantity;
            }
            StockEvent::Received { .. } | StockEvent::SoldOut { .. } => {}
        }
    }
}

impl StockFacts {
    fn add(&mut self, event: &StockEvent) {
        match *event {
            StockEvent::Received { quantity } => self.received += i64::from(quantity),
            StockEvent::Reserved { quantity, .. } => self.given += i64::from(quantity),
            StockEvent::Released { quantity, .. } => self.given -= i64::from(quantity),
            // It was given when it was reserved.
            StockEvent::Taken { .. } | StockEvent::SoldOut { .. } => {}
        }
        self.most_missing = self.most_missing.max(self.given - self.received);
    }
}
