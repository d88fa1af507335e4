//! Everything that happens in the shop, as one type: for views that follow several
//! aggregates, and for who orchestrates them.

use annals::{Event, Recorded};

use crate::ids::OrderId;
use crate::order::OrderEvent;
use crate::payment::PaymentEvent;
use crate::shipment::ShipmentEvent;
use crate::stock::StockEvent;

#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(union)]
pub(crate) enum ShopEvent {
    Order(OrderEvent),
    Stock(StockEvent),
    Payment(PaymentEvent),
    Shipment(ShipmentEvent),
}

impl ShopEvent {
    /// The order that an event is about. Orders, payments and shipments are streams of one
    /// order; goods in stock are for many.
    pub(crate) fn order(recorded: &Recorded<Self>) -> Option<OrderId> {
        match &recorded.event {
            Self::Stock(event) => event.order(),
            Self::Order(_) | Self::Payment(_) | Self::Shipment(_) => OrderId::of(&recorded.stream),
        }
    }
}
