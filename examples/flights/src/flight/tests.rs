//! Given what happened, when a command comes, then this.

use annals::Event;
use annals::testing::Given;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::FlightCommand::{Cancel, MissArrival};
use super::FlightEvent::{ArrivalMissing, Cancelled};
use super::{Flight, FlightCommand, FlightEvent, FlightId, Plan, Refusal};

const NOON: OffsetDateTime = datetime!(2013-01-12 12:00 -5);

fn plan() -> Plan {
    Plan { departure: NOON, destination: "IAH".to_owned(), aircraft: Some("N14228".to_owned()) }
}

fn after(minutes: i64) -> OffsetDateTime {
    NOON + Duration::minutes(minutes)
}

fn scheduled() -> FlightEvent {
    FlightEvent::Scheduled(plan())
}

fn departed(delay: i64) -> FlightEvent {
    let at = after(delay);
    FlightEvent::Departed { at, delay }
}

fn arrived(at: i64, delay: i64) -> FlightEvent {
    let at = after(at);
    FlightEvent::Arrived { at, delay }
}

fn depart(delay: i64) -> FlightCommand {
    FlightCommand::Depart { at: after(delay) }
}

fn arrive(at: i64, delay: i64) -> FlightCommand {
    let at = after(at);
    FlightCommand::Arrive { at, delay }
}

#[test]
fn a_flight_is_scheduled_once() {
    let schedule = || FlightCommand::Schedule(plan());
    Flight::given([]).when(schedule()).then(scheduled());
    Flight::given(scheduled()).when(schedule()).then_refused(Refusal::AlreadyScheduled);
}

#[test]
fn a_departure_knows_its_delay_early_or_late() {
    Flight::given(scheduled()).when(depart(-7)).then(departed(-7));
    Flight::given(scheduled()).when(depart(90)).then(departed(90));
}

#[test]
fn nothing_departs_that_is_not_scheduled() {
    Flight::given([]).when(depart(0)).then_refused(Refusal::NotScheduled);
}

#[test]
fn nothing_departs_twice() {
    Flight::given([scheduled(), departed(0)])
        .when(depart(5))
        .then_refused(Refusal::AlreadyDeparted);
    Flight::given([scheduled(), departed(0), arrived(60, 0)])
        .when(depart(70))
        .then_refused(Refusal::AlreadyDeparted);
}

#[test]
fn nothing_departs_after_its_cancellation() {
    Flight::given([scheduled(), Cancelled]).when(depart(5)).then_refused(Refusal::Cancelled);
}

#[test]
fn a_flight_that_waits_can_be_cancelled_and_no_other() {
    Flight::given(scheduled()).when(Cancel).then(Cancelled);
    Flight::given([]).when(Cancel).then_refused(Refusal::NotScheduled);
    Flight::given([scheduled(), Cancelled]).when(Cancel).then_refused(Refusal::Cancelled);
    Flight::given([scheduled(), departed(0)]).when(Cancel).then_refused(Refusal::AlreadyDeparted);
}

#[test]
fn an_arrival_follows_a_departure() {
    Flight::given([scheduled(), departed(3)]).when(arrive(60, -5)).then(arrived(60, -5));
    Flight::given(scheduled()).when(arrive(60, 0)).then_refused(Refusal::NotDeparted);
    Flight::given([]).when(arrive(60, 0)).then_refused(Refusal::NotDeparted);
    Flight::given([scheduled(), Cancelled]).when(arrive(60, 0)).then_refused(Refusal::Cancelled);
}

#[test]
fn nothing_arrives_before_it_departs() {
    Flight::given([scheduled(), departed(3)])
        .when(arrive(-1, 0))
        .then_refused(Refusal::ArrivesBeforeDeparture { minutes: 4 });
}

#[test]
fn nothing_arrives_twice() {
    Flight::given([scheduled(), departed(3), arrived(60, 0)])
        .when(arrive(70, 0))
        .then_refused(Refusal::AlreadyArrived);
}

#[test]
fn an_arrival_can_be_given_up_until_it_is_known() {
    Flight::given([scheduled(), departed(0)]).when(MissArrival).then(ArrivalMissing);
    Flight::given(scheduled()).when(MissArrival).then_refused(Refusal::NotDeparted);
    Flight::given([scheduled(), departed(0), arrived(60, 0)])
        .when(MissArrival)
        .then_refused(Refusal::AlreadyArrived);
    Flight::given([scheduled(), departed(0), ArrivalMissing])
        .when(arrive(60, 0))
        .then_refused(Refusal::GivenUp);
}

#[test]
fn the_stored_name_of_an_event_stays() {
    assert_eq!(scheduled().name(), "flight.scheduled");
}

#[test]
fn an_id_displays_its_four_parts_and_is_read_back() {
    let id = FlightId::new(NOON.date(), "UA", 1545, "EWR").unwrap();
    assert_eq!(id.to_string(), "2013-01-12-UA-1545-EWR");
    assert_eq!((id.carrier(), id.number(), id.origin()), ("UA", "1545", "EWR"));
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn what_would_tear_an_id_apart_is_no_part_of_it() {
    let date = NOON.date();
    assert_eq!(FlightId::new(date, "U-A", 1, "EWR"), None);
    assert_eq!(FlightId::new(date, "UA", 1, ""), None);
    assert!("2013-01-12-UA".parse::<FlightId>().is_err());
}
