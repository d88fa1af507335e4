//! Inputs to what is not there, or not any more.

use std::time::Duration;

use annals_processes::DecideError;
use annals_processes::step::{Decision, Phase};
use tokio::time::sleep;

use super::super::life::Life;
use super::super::odd::{Hands, ThingEvent};
use super::super::place::Place;
use super::{begin, events, happens, overview, until_over};

pub async fn nothing_is_decided_about_a_process_that_nobody_knows(place: Place) {
    let decided = place.operations().decide("nobody", "1", Decision::Retry, "").await;
    assert!(matches!(decided, Err(DecideError::Unknown)), "{decided:?}");
}

pub async fn a_reply_to_a_task_that_is_closed_changes_nothing(place: Place) {
    let worker = place.worker(&Life::new(None)).await;
    place.receive("apple", 10).await;
    place.order("slow-1", "apple").await;
    // The bank is called, and does not answer before the instance is abandoned.
    place.until("slow-1", |overview| overview.steps == 2).await;
    place.operations().decide("fulfilment", "slow-1", Decision::Abandon, "").await.unwrap();
    place.bank.opens.send_replace(true);
    place.until("slow-1", |overview| overview.book.phase == Phase::Abandoned).await;
    worker.stop().await.unwrap();
    place.until("slow-1", |overview| overview.steps == 3).await;
}

pub async fn a_timer_of_an_instance_that_is_over_does_not_fire(place: Place) {
    let hands = Hands::default();
    let worker = hands.work(&place).await;
    begin(&place, "a", "long").await;
    until_begun(&place, "a").await;
    place.operations().decide("odd", "a", Decision::Abandon, "").await.unwrap();
    place.clock.put_forwards(Duration::from_secs(7_200));
    begin(&place, "b", "well").await;
    until_over(&place, "b").await;
    worker.stop().await.unwrap();
    assert_eq!(events(&place, "a").await, 2);
    place.until_all_is_done().await;
}

async fn until_begun(place: &Place, who: &str) {
    while overview(place, who).await.is_none() {
        sleep(Duration::from_millis(10)).await;
    }
}

pub async fn an_event_for_an_instance_that_has_not_begun_is_for_nobody(place: Place) {
    let worker = Hands::default().work(&place).await;
    happens(&place, "a", ThingEvent::Poked).await;
    worker.caught_up().await.unwrap();
    assert_eq!(events(&place, "a").await, 0);
    // It can begin behind it.
    begin(&place, "a", "well").await;
    until_over(&place, "a").await;
    worker.stop().await.unwrap();
}

pub async fn an_event_for_an_instance_that_has_ended_is_for_nobody(place: Place) {
    let worker = Hands::default().work(&place).await;
    begin(&place, "a", "well").await;
    until_over(&place, "a").await;
    let before = events(&place, "a").await;
    happens(&place, "a", ThingEvent::Poked).await;
    begin(&place, "a", "well").await;
    worker.caught_up().await.unwrap();
    worker.stop().await.unwrap();
    assert_eq!(events(&place, "a").await, before);
}
