use annals_processes::testing::Given;

use super::{Alarm, Answer, Ask, Fulfilment, PATIENCE};
use crate::ids::{OrderId, Sku};
use crate::order::{Line, OrderEvent};

fn order() -> OrderId {
    OrderId::placed_under("ada")
}

fn stream() -> String {
    format!("order-{}", order())
}

fn line(sku: &str) -> Line {
    Line { sku: sku.parse::<Sku>().unwrap(), quantity: 2 }
}

fn placed() -> OrderEvent {
    let lines = vec![line("TEA-250"), line("CUP-1")];
    OrderEvent::Placed { customer: "ada".to_owned(), lines, cents: 1_998 }
}

fn reserve(sku: &str) -> Ask {
    Ask::Reserve { order: order(), line: line(sku) }
}

fn release(sku: &str) -> Ask {
    Ask::Release { order: order(), sku: line(sku).sku }
}

fn authorize() -> Ask {
    Ask::Authorize { order: order(), cents: 1_998 }
}

fn cancel(reason: &str) -> Ask {
    Ask::Cancel { order: order(), reason: reason.to_owned() }
}

#[test]
fn goods_are_reserved_side_by_side_and_paid_for_together() {
    Fulfilment::given([])
        .when(&stream(), placed())
        .then_commands([reserve("TEA-250"), reserve("CUP-1")])
        .then_timers([(PATIENCE, Alarm::Overdue)])
        .when_done(reserve("CUP-1"), Answer::Done)
        .then_commands([])
        .when_done(reserve("TEA-250"), Answer::Done)
        .then_commands([authorize()]);
}

#[test]
fn an_order_goes_all_the_way() {
    let lines = vec![line("TEA-250"), line("CUP-1")];
    let (order, take) = (order(), |sku: &str| Ask::Take { order: order(), sku: line(sku).sku });
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("TEA-250"), Answer::Done)
        .and_done(reserve("CUP-1"), Answer::Done)
        .when_done(authorize(), Answer::Done)
        .then_commands([Ask::Confirm { order }])
        .when_done(Ask::Confirm { order }, Answer::Done)
        .then_commands([Ask::Dispatch { order, lines: lines.clone() }])
        .when_done(Ask::Dispatch { order, lines }, Answer::Done)
        .then_commands([Ask::Ship { order }])
        // From here on it is not given up any more.
        .when_time_passes(PATIENCE)
        .then_nothing()
        .when_done(Ask::Ship { order }, Answer::Done)
        .then_commands([take("TEA-250"), take("CUP-1")])
        .then_ending()
        .when_done(take("TEA-250"), Answer::Done)
        .when_done(take("CUP-1"), Answer::Done)
        .then_ended();
}

#[test]
fn what_is_sold_out_releases_the_rest() {
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("CUP-1"), Answer::Done)
        .when_done(reserve("TEA-250"), Answer::SoldOut)
        .then_commands([release("CUP-1")])
        .then_compensating("TEA-250 is sold out")
        .when_done(release("CUP-1"), Answer::Done)
        .then_commands([cancel("TEA-250 is sold out")])
        .when_done(cancel("TEA-250 is sold out"), Answer::Done)
        .then_ended();
}

#[test]
fn a_payment_in_doubt_is_made_void_and_one_that_was_refused_is_not() {
    let paying = || {
        Fulfilment::given([(stream().as_str(), placed())])
            .and_done(reserve("TEA-250"), Answer::Done)
            .and_done(reserve("CUP-1"), Answer::Done)
    };
    let refused = Answer::Refused { reason: "no money".to_owned() };
    paying().when_done(authorize(), refused).then_commands([release("CUP-1")]);
    paying()
        .when_in_doubt(authorize(), "no answer")
        .then_commands([Ask::Void { order: order() }])
        .when_done(Ask::Void { order: order() }, Answer::Done)
        .then_commands([release("CUP-1")]);
}

#[test]
fn a_customer_who_changes_his_mind_waits_for_what_is_under_way() {
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("CUP-1"), Answer::Done)
        .when(&stream(), OrderEvent::CancellationRequested)
        .then_nothing()
        .when_done(reserve("TEA-250"), Answer::Done)
        .then_commands([release("TEA-250")]);
}

#[test]
fn whether_it_is_shipped_must_be_known() {
    let lines = vec![line("TEA-250"), line("CUP-1")];
    let order = order();
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("TEA-250"), Answer::Done)
        .and_done(reserve("CUP-1"), Answer::Done)
        .and_done(authorize(), Answer::Done)
        .and_done(Ask::Confirm { order }, Answer::Done)
        .and_done(Ask::Dispatch { order, lines }, Answer::Done)
        .when_in_doubt(Ask::Ship { order }, "no answer")
        .then_commands([Ask::Ship { order }])
        .when_failed(Ask::Ship { order }, "the customer wants it no more")
        .then_commands([Ask::Recall { order }]);
}

#[test]
fn an_order_that_takes_too_long_is_given_up() {
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("TEA-250"), Answer::Done)
        .and_done(reserve("CUP-1"), Answer::SoldOut)
        .when_time_passes(PATIENCE)
        .then_nothing();
    Fulfilment::given([(stream().as_str(), placed())])
        .and_done(reserve("TEA-250"), Answer::Done)
        .when_time_passes(PATIENCE)
        .then_compensating("it took too long");
}
