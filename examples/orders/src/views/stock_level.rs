//! How many pieces there are of each kind of goods.

use annals::{Recorded, StreamId};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use crate::ids::Sku;
use crate::stock::StockEvent;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StockLevel {
    /// All that ever came.
    pub(crate) received: u64,
    /// Kept for orders that have not been shipped yet.
    pub(crate) reserved: u64,
    /// Left with orders.
    pub(crate) taken: u64,
    /// The version of the goods, for `If-Match`.
    pub(crate) version: u64,
}

impl StockLevel {
    /// Pieces that can be reserved. Negative would mean that something is sold twice.
    pub(crate) fn free(&self) -> i128 {
        i128::from(self.received) - i128::from(self.reserved) - i128::from(self.taken)
    }
}

impl View for StockLevel {
    const NAME: &'static str = "stock_levels";
    type Key = Sku;
    type Event = StockEvent;

    fn keys(event: &Recorded<StockEvent>) -> Keys<Sku> {
        Keys::one(Sku::of(&event.stream))
    }

    fn evolve(&mut self, _: &Sku, recorded: &Recorded<StockEvent>) {
        self.version = recorded.version.get();
        match recorded.event {
            StockEvent::Received { quantity } => self.received += u64::from(quantity),
            StockEvent::Reserved { quantity, .. } => self.reserved += u64::from(quantity),
            StockEvent::SoldOut { .. } => {}
            StockEvent::Released { quantity, .. } => self.reserved -= u64::from(quantity),
            StockEvent::Taken { quantity, .. } => {
                self.reserved -= u64::from(quantity);
                self.taken += u64::from(quantity);
            }
        }
    }

    fn key_of_stream(stream: &StreamId) -> Option<Sku> {
        Some(Sku::of(stream))
    }
}
