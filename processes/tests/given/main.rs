//! Processes tested by hand, and newer code compared with a history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test fails by panicking, and the domain is that of another test"
)]

#[path = "../sagas/domain.rs"]
mod domain;
mod history;
mod odd;
#[path = "../sagas/shop.rs"]
mod shop;

use std::time::Duration;

use annals_processes::testing::Given;
use domain::{Alarm, Answer, Ask, Fulfilment, FulfilmentEvent, OrderEvent, PATIENCE};

fn placed() -> OrderEvent {
    OrderEvent::Placed { sku: "apple".to_owned(), quantity: 2, cents: 500 }
}

fn reserve() -> Ask {
    Ask::Reserve { order: "1".to_owned(), sku: "apple".to_owned(), quantity: 2 }
}

fn release() -> Ask {
    Ask::Release { order: "1".to_owned(), sku: "apple".to_owned() }
}

fn authorize() -> Ask {
    Ask::Authorize { order: "1".to_owned(), cents: 500 }
}

fn void() -> Ask {
    Ask::Void { order: "1".to_owned() }
}

fn cancel(reason: &str) -> Ask {
    Ask::Cancel { order: "1".to_owned(), reason: reason.to_owned() }
}

fn authorized() -> Answer {
    Answer::Authorized { payment: "p".to_owned() }
}

#[test]
fn an_order_begins_with_what_it_needs() {
    let begun = FulfilmentEvent::Begun {
        order: "1".to_owned(),
        sku: "apple".to_owned(),
        quantity: 2,
        cents: 500,
    };
    Fulfilment::given([])
        .when("order-1", placed())
        .then_commands([reserve()])
        .then_events([begun])
        .then_timers([(PATIENCE, Alarm::Overdue)])
        .then_running();
}

#[test]
fn all_goes_well() {
    let scenario = Fulfilment::given([("order-1", placed())])
        .and_done(reserve(), Answer::Done)
        .when_done(authorize(), authorized())
        .then_commands([Ask::Ship { order: "1".to_owned() }])
        .then_ending()
        .when_done(Ask::Ship { order: "1".to_owned() }, Answer::Done)
        .then_nothing()
        .then_ended();
    assert_eq!(scenario.state().payment.as_deref(), Some("p"));
    // Its timer is cancelled with it.
    scenario.when_time_passes(PATIENCE * 2).then_nothing().then_ended();
}

#[test]
fn what_was_done_is_undone_the_last_first() {
    Fulfilment::given([("order-1", placed())])
        .and_done(reserve(), Answer::Done)
        .when_in_doubt(authorize(), "no answer")
        .then_commands([void()])
        .then_compensating("no answer")
        .when_done(void(), Answer::Done)
        .then_commands([release()])
        .when_done(release(), Answer::Done)
        .then_commands([cancel("no answer")])
        .then_ending()
        .when_done(cancel("no answer"), Answer::Done)
        .then_ended();
}

#[test]
fn what_is_under_way_is_waited_for_and_undone() {
    Fulfilment::given([("order-1", placed())])
        .and_done(reserve(), Answer::Done)
        .when("order-1", OrderEvent::Withdrawn)
        .then_nothing()
        .then_compensating("it was withdrawn")
        .when_done(authorize(), authorized())
        .then_commands([void()]);
}

#[test]
fn what_was_refused_needs_no_undoing() {
    Fulfilment::given([("order-1", placed())])
        .when_failed(reserve(), "sold out")
        .then_commands([cancel("sold out")])
        .then_ending();
}

#[test]
fn a_compensation_that_fails_is_for_a_person() {
    Fulfilment::given([("order-1", placed())])
        .and_done(reserve(), Answer::Done)
        .when("order-1", OrderEvent::Withdrawn)
        .when_failed(authorize(), "no")
        .then_commands([release()])
        .when_failed(release(), "closed")
        .then_parked(release())
        .then_compensating("it was withdrawn");
}

#[test]
fn a_timer_fires_at_its_time_and_once() {
    Fulfilment::given([("order-1", placed())])
        .and_done(reserve(), Answer::Done)
        .when_time_passes(PATIENCE - Duration::from_secs(1))
        .then_nothing()
        .when_time_passes(Duration::from_secs(1))
        .then_compensating("it took too long")
        .when_time_passes(PATIENCE)
        .then_nothing();
}

#[test]
fn events_of_what_has_not_begun_or_has_ended_do_nothing() {
    Fulfilment::given([]).when("order-1", OrderEvent::Withdrawn).then_nothing();
    Fulfilment::given([("order-1", placed())])
        .when_failed(reserve(), "sold out")
        .when_done(cancel("sold out"), Answer::Done)
        .then_ended()
        .when("order-1", OrderEvent::Withdrawn)
        .then_nothing()
        .when("order-1", placed())
        .then_nothing();
}

#[test]
#[should_panic(expected = "the process has other commands")]
fn other_commands_are_told() {
    Fulfilment::given([]).when("order-1", placed()).then_commands([void()]);
}

#[test]
#[should_panic(expected = "does not wait for the command")]
fn an_answer_to_nothing_is_told() {
    Fulfilment::given([("order-1", placed())]).when_done(void(), Answer::Done);
}
