//! All that is told of one order.

use annals::{Recorded, StreamId};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::event::ShopEvent;
use crate::ids::OrderId;
use crate::order::{Line, OrderEvent, Phase};
use crate::payment::PaymentEvent;
use crate::shipment::ShipmentEvent;
use crate::stock::StockEvent;

/// An order, and the steps that were taken for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderPage {
    /// `None` for what was done in the name of an order that was never placed.
    pub(crate) phase: Option<Phase>,
    pub(crate) cancelling: bool,
    pub(crate) customer: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) cents: u64,
    /// The version of the order itself, for `If-Match`; the steps of others do not move it.
    pub(crate) version: u64,
    pub(crate) steps: Vec<Step>,
}

/// Something that was done for the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) what: String,
    /// With what, or why.
    pub(crate) detail: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
}

impl View for OrderPage {
    const NAME: &'static str = "order_pages";
    type Key = OrderId;
    type Event = ShopEvent;

    fn keys(event: &Recorded<ShopEvent>) -> Keys<OrderId> {
        ShopEvent::order(event).into()
    }

    fn evolve(&mut self, _: &OrderId, recorded: &Recorded<ShopEvent>) {
        if let ShopEvent::Order(event) = &recorded.event {
            self.version = recorded.version.get();
            self.order(event);
        }
        let (what, detail) = describe(&recorded.event, &recorded.stream);
        let step = Step { what: what.to_owned(), detail, at: recorded.recorded_at };
        // Streams of several partitions may come in another order than they were recorded.
        let place = self.steps.partition_point(|other| other.at <= step.at);
        self.steps.insert(place, step);
    }
}

impl OrderPage {
    fn order(&mut self, event: &OrderEvent) {
        self.phase = event.phase().or(self.phase);
        match event {
            OrderEvent::Placed { customer, lines, cents } => {
                (self.customer, self.lines, self.cents) = (customer.clone(), lines.clone(), *cents);
            }
            OrderEvent::CancellationRequested => self.cancelling = true,
            _ => {}
        }
    }
}

fn describe(event: &ShopEvent, stream: &StreamId) -> (&'static str, String) {
    let nothing = String::new;
    let pieces = |quantity: u32| format!("{quantity} × {}", stream.key());
    match event {
        ShopEvent::Order(event) => match event {
            OrderEvent::Placed { .. } => ("placed", nothing()),
            OrderEvent::CancellationRequested => ("cancellation requested", nothing()),
            OrderEvent::Confirmed => ("confirmed", nothing()),
            OrderEvent::Shipped => ("shipped", nothing()),
            OrderEvent::Cancelled { reason, .. } => ("cancelled", reason.clone()),
        },
        ShopEvent::Stock(event) => match event {
            StockEvent::Received { quantity } => ("received", pieces(*quantity)),
            StockEvent::Reserved { quantity, .. } => ("reserved", pieces(*quantity)),
            StockEvent::SoldOut { quantity, .. } => ("sold out", pieces(*quantity)),
            StockEvent::Released { quantity, .. } => ("released", pieces(*quantity)),
            StockEvent::Taken { quantity, .. } => ("taken", pieces(*quantity)),
        },
        ShopEvent::Payment(event) => match event {
            PaymentEvent::Authorized { authorization, .. } => {
                ("payment authorized", authorization.0.clone())
            }
            PaymentEvent::Refused { reason } => ("payment refused", reason.clone()),
            PaymentEvent::Voided => ("payment voided", nothing()),
        },
        ShopEvent::Shipment(event) => match event {
            ShipmentEvent::Dispatched { .. } => ("dispatched", nothing()),
            ShipmentEvent::Recalled => ("recalled", nothing()),
        },
    }
}
