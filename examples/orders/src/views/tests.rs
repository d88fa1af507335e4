//! What the views say of given events.

use annals_projections::testing::given_events;

use super::*;
use crate::event::ShopEvent;
use crate::ids::{AuthorizationId, OrderId};
use crate::order::{Line, OrderEvent, Phase};
use crate::payment::PaymentEvent;
use crate::shipment::ShipmentEvent;
use crate::stock::StockEvent;

fn placed() -> OrderEvent {
    let line = Line { sku: "TEA".parse().unwrap(), quantity: 2 };
    OrderEvent::Placed { customer: "ada".into(), lines: vec![line], cents: 500 }
}

fn order() -> OrderId {
    OrderId::placed_under("ada")
}

/// What happens to an order that is shipped.
fn shipped() -> Vec<(String, ShopEvent)> {
    let order = order();
    let authorization = AuthorizationId("a-1".into());
    let of = |category: &str, event| (format!("{category}-{order}"), event);
    vec![
        ("stock-TEA".into(), StockEvent::Received { quantity: 5 }.into()),
        of("order", placed().into()),
        ("stock-TEA".into(), StockEvent::Reserved { order, quantity: 2 }.into()),
        of("payment", PaymentEvent::Authorized { authorization, cents: 500 }.into()),
        of("order", OrderEvent::Confirmed.into()),
        of("shipment", ShipmentEvent::Dispatched { lines: vec![] }.into()),
        of("order", OrderEvent::Shipped.into()),
        ("stock-TEA".into(), StockEvent::Taken { order, quantity: 2 }.into()),
    ]
}

#[test]
fn the_page_of_an_order_tells_every_step() {
    let events = shipped();
    let given = given_events(events.iter().map(|(stream, event)| (&**stream, event.clone())));
    let pages = given.documents::<OrderPage>();
    let page = pages.get(&order()).unwrap();
    let steps: Vec<_> = page.steps.iter().map(|step| (&*step.what, &*step.detail)).collect();
    assert_eq!(
        steps,
        [
            ("placed", ""),
            ("reserved", "2 × TEA"),
            ("payment authorized", "a-1"),
            ("confirmed", ""),
            ("dispatched", ""),
            ("shipped", ""),
            ("taken", "2 × TEA"),
        ]
    );
    assert_eq!((page.phase, page.version, page.cents), (Some(Phase::Shipped), 3, 500));
    assert_eq!(pages.len(), 1, "goods that are received are for no order");
}

#[test]
fn levels_are_what_came_less_what_is_kept_and_gone() {
    let (ada, bob) = (order(), OrderId::placed_under("bob"));
    let events = [
        StockEvent::Received { quantity: 5 },
        StockEvent::Reserved { order: ada, quantity: 2 },
        StockEvent::SoldOut { order: bob, quantity: 4 },
        StockEvent::Released { order: bob, quantity: 0 },
    ];
    let level = StockLevel { received: 5, reserved: 2, taken: 0, version: 4 };
    assert_eq!(level.free(), 3);
    let given = given_events(events.map(|event| ("stock-TEA", event)));
    let given = given.then_view("TEA".parse::<crate::ids::Sku>().unwrap(), level);
    let taken = ("stock-TEA", StockEvent::Taken { order: ada, quantity: 2 });
    let level = StockLevel { reserved: 0, taken: 2, version: 5, ..level };
    given.and_given([taken]).then_view("TEA".parse::<crate::ids::Sku>().unwrap(), level);
    assert_eq!(level.free(), 3);
}

#[test]
fn an_order_is_counted_where_it_stands() {
    let (ada, bob) = (format!("order-{}", order()), "order-7");
    let cancelled = OrderEvent::Cancelled { reason: "sold out".into(), was: Phase::Placed };
    given_events([
        (&*ada, placed()),
        (bob, placed()),
        (&*ada, OrderEvent::Confirmed),
        (bob, OrderEvent::CancellationRequested),
        (bob, cancelled),
    ])
    .then_view(Phase::Placed, PhaseCount { orders: 0 })
    .then_view(Phase::Confirmed, PhaseCount { orders: 1 })
    .then_view(Phase::Cancelled, PhaseCount { orders: 1 })
    .then_no_view::<PhaseCount>(Phase::Shipped);
}

#[test]
fn the_newest_order_is_the_first() {
    let (ada, bob) = (format!("order-{}", order()), OrderId::placed_under("bob"));
    let bob = format!("order-{bob}");
    let given = given_events([(&*ada, placed()), (&*bob, placed())]);
    let newest: Vec<_> = given.documents::<Newest>().into_iter().map(|(key, _)| key).collect();
    let orders: Vec<_> = newest.iter().map(|key| format!("order-{}", key.order)).collect();
    assert_eq!(orders, [bob, ada]);
    assert_eq!(newest[0].to_string().parse(), Ok(newest[0].clone()));
    assert!(newest[0].to_string() < newest[1].to_string(), "as it is kept, too");
}
