//! What is done with a parcel, as sentences.

use annals::testing::Given;

use super::*;

fn lines() -> Vec<Line> {
    vec![Line { sku: "TEA-250".parse().unwrap(), quantity: 2 }]
}

fn dispatched() -> ShipmentEvent {
    ShipmentEvent::Dispatched { lines: lines() }
}

#[test]
fn a_parcel_is_dispatched_once() {
    Shipment::given([]).when(Dispatch { lines: lines() }).then(dispatched());
    Shipment::given(dispatched()).when(Dispatch { lines: lines() }).then([]);
}

#[test]
fn what_is_recalled_does_not_leave_any_more() {
    Shipment::given(dispatched()).when(Recall).then(ShipmentEvent::Recalled);
    Shipment::given([]).when(Recall).then(ShipmentEvent::Recalled);
    let recalled = || Shipment::given(ShipmentEvent::Recalled);
    recalled().when(Recall).then([]);
    recalled().when(Dispatch { lines: lines() }).then_refused(Refusal::Recalled);
}
