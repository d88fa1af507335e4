//! What an order does and refuses, as sentences.

use annals::testing::Given;

use super::*;

fn place() -> Place {
    let line = Line { sku: "TEA-250".parse().unwrap(), quantity: 2 };
    Place { customer: "ada".into(), lines: vec![line], cents: 1_998 }
}

fn placed() -> OrderEvent {
    let Place { customer, lines, cents } = place();
    OrderEvent::Placed { customer, lines, cents }
}

fn cancelled(was: Phase) -> OrderEvent {
    OrderEvent::Cancelled { reason: "sold out".into(), was }
}

fn cancel() -> Cancel {
    Cancel { reason: "sold out".into() }
}

use OrderEvent::{CancellationRequested, Confirmed, Shipped};

#[test]
fn an_order_is_placed_once() {
    Order::given([]).when(place()).then(placed());
    Order::given(placed()).when(place()).then_refused(Refusal::AlreadyPlaced);
}

#[test]
fn what_cannot_be_meant_is_not_placed() {
    let line = place().lines.remove(0);
    let lines = |lines| Place { lines, ..place() };
    let quantity = |quantity| lines(vec![Line { quantity, ..line.clone() }]);
    for (bad, refusal) in [
        (Place { customer: " ".into(), ..place() }, Refusal::Customer),
        (Place { customer: "a".repeat(101), ..place() }, Refusal::Customer),
        (lines(vec![]), Refusal::Lines),
        (lines(vec![line.clone(); 21]), Refusal::Lines),
        (lines(vec![line.clone(); 2]), Refusal::Twice),
        (quantity(0), Refusal::Quantity),
        (quantity(1_001), Refusal::Quantity),
        (Place { cents: 0, ..place() }, Refusal::Cents),
        (Place { cents: 100_000_001, ..place() }, Refusal::Cents),
    ] {
        Order::given([]).when(bad).then_refused(refusal);
    }
}

#[test]
fn it_is_confirmed_and_then_shipped_each_once() {
    Order::given(placed()).when(Confirm).then(Confirmed);
    Order::given([placed(), Confirmed]).when(Confirm).then([]);
    Order::given([placed(), Confirmed]).when(Ship).then(Shipped);
    Order::given([placed(), Confirmed, Shipped]).when(Ship).then([]);
    Order::given(placed()).when(Ship).then_refused(Refusal::NotConfirmed);
}

#[test]
fn a_customer_may_cancel_until_it_is_shipped() {
    Order::given(placed()).when(RequestCancellation).then(CancellationRequested);
    Order::given([placed(), Confirmed]).when(RequestCancellation).then(CancellationRequested);
    Order::given([placed(), CancellationRequested]).when(RequestCancellation).then([]);
    let shipped = || Order::given([placed(), Confirmed, Shipped]);
    shipped().when(RequestCancellation).then_refused(Refusal::Shipped);
    Order::given([placed(), cancelled(Phase::Placed)]).when(RequestCancellation).then([]);
}

#[test]
fn what_the_customer_wants_no_more_does_not_go_on() {
    let asked = Order::given([placed(), CancellationRequested]);
    asked.when(Confirm).then_refused(Refusal::Cancelling);
    let asked = Order::given([placed(), Confirmed, CancellationRequested]);
    asked.when(Ship).then_refused(Refusal::Cancelling);
}

#[test]
fn an_order_that_is_cancelled_says_where_it_stood_and_stays_so() {
    Order::given(placed()).when(cancel()).then(cancelled(Phase::Placed));
    Order::given([placed(), Confirmed]).when(cancel()).then(cancelled(Phase::Confirmed));
    let over = || Order::given([placed(), cancelled(Phase::Placed)]);
    over().when(cancel()).then([]);
    over().when(Confirm).then_refused(Refusal::Cancelled);
    over().when(Ship).then_refused(Refusal::Cancelled);
    Order::given([placed(), Confirmed, Shipped]).when(cancel()).then_refused(Refusal::Shipped);
}

#[test]
fn nothing_happens_to_an_order_that_was_never_placed() {
    Order::given([]).when(RequestCancellation).then_refused(Refusal::NotPlaced);
    Order::given([]).when(Confirm).then_refused(Refusal::NotPlaced);
    Order::given([]).when(Ship).then_refused(Refusal::NotPlaced);
    Order::given([]).when(cancel()).then_refused(Refusal::NotPlaced);
}
