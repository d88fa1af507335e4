//! Steps that cannot be taken.

use annals::read_model::LetterQuery;

use super::super::odd::{Hands, ThingEvent, cure};
use super::super::place::{Place, eventually};
use super::{begin, events, happens, overview, until_over};

/// The event is parked under the instance's key, others go on, and it is retried after the fix.
async fn is_parked(place: Place, how: &str) {
    let (bad, good) = (format!("{how}-{}", unique(&place)), "good".to_owned());
    let worker = Hands::default().work(&place).await;
    begin(&place, &bad, how).await;
    begin(&place, &good, "well").await;
    until_over(&place, &good).await;
    let operations = worker.operations();
    let parked = LetterQuery::all();
    let is_parked = async || !operations.letters(&parked).await.unwrap().is_empty();
    eventually("a dead letter", is_parked).await;
    let letters = operations.letters(&parked).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].keys.contains(&format!("for/{bad}")), "{letters:?}");
    assert_eq!(events(&place, &bad).await, 0);
    cure(&bad);
    // Workers with the mended code.
    worker.stop().await.unwrap();
    let worker = Hands::default().work(&place).await;
    worker.operations().retry(&parked).await.unwrap();
    until_over(&place, &bad).await;
    worker.stop().await.unwrap();
}

/// Memory and PostgreSQL may be tested in one process, which knows who is cured.
fn unique(place: &Place) -> String {
    use annals::EventStore;
    place.log.log().id.to_string()
}

pub async fn a_step_that_panics_is_parked_and_others_go_on(place: Place) {
    is_parked(place, "panic").await;
}

pub async fn a_recorded_event_that_is_too_large_is_parked(place: Place) {
    is_parked(place, "large").await;
}

pub async fn more_tasks_than_allowed_are_parked(place: Place) {
    is_parked(place, "many").await;
}

pub async fn a_kind_that_is_none_is_parked(place: Place) {
    is_parked(place, "kind").await;
}

pub async fn a_kind_without_options_is_carried_out(place: Place) {
    let hands = Hands::default();
    let worker = hands.work(&place).await;
    begin(&place, "a", "well").await;
    until_over(&place, "a").await;
    assert_eq!(hands.has_done("a"), 1);
    worker.stop().await.unwrap();
}

pub async fn a_reply_that_is_too_large_is_told_as_in_doubt(place: Place) {
    let hands = Hands::default();
    let worker = hands.work(&place).await;
    begin(&place, "a", "large_reply").await;
    until_over(&place, "a").await;
    // The beginning, the failure, and what the process notes about it.
    assert_eq!((hands.has_done("a"), events(&place, "a").await), (1, 3));
    worker.stop().await.unwrap();
}

/// The task stays open, for all to see, others go on, and so does it after a deploy.
async fn waits_for_a_deploy(place: Place, how: &str) {
    let bad = format!("{how}-{}", unique(&place));
    let worker = Hands::default().work(&place).await;
    begin(&place, &bad, how).await;
    begin(&place, "good", "well").await;
    until_over(&place, "good").await;
    let is_open = async || overview(&place, &bad).await.is_some_and(|it| it.book.open.len() == 1);
    eventually("an open task", is_open).await;
    worker.caught_up().await.unwrap();
    assert!(is_open().await);
    cure(&bad);
    drop(worker);
    let worker = Hands::default().work(&place).await;
    until_over(&place, &bad).await;
    worker.stop().await.unwrap();
}

pub async fn a_reply_that_makes_it_panic_is_visible_and_goes_on_after_a_deploy(place: Place) {
    waits_for_a_deploy(place, "panicking_reply").await;
}

pub async fn a_timer_that_makes_it_panic_is_visible_and_goes_on_after_a_deploy(place: Place) {
    waits_for_a_deploy(place, "timer").await;
}

pub async fn a_command_that_cannot_be_read_waits_for_a_deploy(place: Place) {
    waits_for_a_deploy(place, "unreadable").await;
}

/// More of them than timers are under way at once in each of the two partitions.
pub async fn timers_that_make_it_panic_leave_their_places_to_others(place: Place) {
    let worker = Hands::default().work(&place).await;
    let unique = unique(&place);
    for number in 0..160 {
        begin(&place, &format!("poisoned-{number}-{unique}"), "timer").await;
    }
    // So many that no place is left.
    let are_taken = async || worker.troubles().len() >= 128;
    eventually("troubles", are_taken).await;
    let good = format!("good-{unique}");
    cure(&good);
    begin(&place, &good, "timer").await;
    until_over(&place, &good).await;
    worker.stop().await.unwrap();
}

pub async fn an_event_that_was_parked_for_nobody_is_taken_in_when_it_is_tried_again(place: Place) {
    let who = format!("blurred-{}", unique(&place));
    let worker = Hands::default().work(&place).await;
    begin(&place, &who, "long").await;
    happens(&place, &who, ThingEvent::Blurred).await;
    let operations = worker.operations();
    let parked = async || operations.letters(&LetterQuery::all()).await.unwrap().len();
    eventually("a dead letter", async || parked().await == 1).await;
    // The instance goes on beyond it.
    happens(&place, &who, ThingEvent::Poked).await;
    eventually("a step", async || events(&place, &who).await == 3).await;
    cure(&who);
    operations.retry(&LetterQuery::all()).await.unwrap();
    eventually("no dead letter", async || parked().await == 0).await;
    // Two have been noted behind the beginning, each with its step.
    assert_eq!(events(&place, &who).await, 5);
    worker.stop().await.unwrap();
}
