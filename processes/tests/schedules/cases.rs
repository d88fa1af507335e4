//! When a scheduled command is carried out, and when not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use annals_processes::step::{Decision, Phase};
use annals_processes::{
    Agenda, CancelError, Cancelled, Overview, ProcessOperations, Processes, ScheduleError,
    StartError,
};

use super::world::{HOUR, NOON, Remind, World, remind};

fn has_ended(overview: &Overview) -> bool {
    overview.book.phase == Phase::Ended
}

pub async fn a_command_is_carried_out_at_its_time_and_not_before(world: World) {
    let worker = world.worker().await;
    let scheduled = world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    assert_eq!((scheduled.due, scheduled.repeated), (NOON + HOUR, false));
    world.clock.advance(HOUR - Duration::from_millis(1));
    world.until_all_is_done(&worker, "before").await;
    assert!(world.reminded().await.is_empty());
    world.clock.advance(Duration::from_millis(1));
    world.until_all_is_done(&worker, "behind").await;
    world.until(&worker, "1", has_ended).await;
    assert_eq!(world.reminded().await, ["tea"]);
    worker.stop().await.unwrap();
}

pub async fn two_workers_carry_each_command_out_once(world: World) {
    let (first, second) = (world.worker().await, world.worker().await);
    let all: Vec<_> = (10..40).map(|nth: u32| nth.to_string()).collect();
    for key in &all {
        world.schedule.at(key, NOON, &remind(key)).await.unwrap();
    }
    for key in &all {
        world.until(&first, key, has_ended).await;
    }
    assert_eq!(world.reminded().await, all);
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

pub async fn what_comes_due_while_nobody_works_is_carried_out_then(world: World) {
    let worker = world.worker().await;
    world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    worker.caught_up().await.unwrap();
    worker.stop().await.unwrap();
    world.clock.advance(HOUR);
    let worker = world.worker().await;
    world.until(&worker, "1", has_ended).await;
    assert_eq!(world.reminded().await, ["tea"]);
    worker.stop().await.unwrap();
}

pub async fn a_command_is_cancelled(world: World) {
    let worker = world.worker().await;
    world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    for _ in 0..2 {
        let cancelled = world.schedule.cancel("1", "he drinks coffee").await.unwrap();
        assert_eq!(cancelled, Cancelled::InTime);
    }
    world.clock.advance(HOUR);
    world.until_all_is_done(&worker, "behind").await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Abandoned).await;
    assert!(world.reminded().await.is_empty());
    // Whoever asks when the time has come cannot know.
    let again = world.schedule.cancel("1", "").await.unwrap();
    assert_eq!(again, Cancelled::PerhapsTooLate);
    // It stays cancelled.
    let again = world.schedule.after("1", HOUR, &remind("tea")).await;
    assert!(matches!(again, Err(ScheduleError::Cancelled)), "{again:?}");
    let unknown = world.schedule.cancel("2", "").await;
    assert!(matches!(unknown, Err(CancelError::Unknown)), "{unknown:?}");
    worker.stop().await.unwrap();
}

pub async fn a_command_in_hand_that_is_cancelled_is_not_begun(world: World) {
    let worker = world.worker().await;
    world.schedule.at("1", NOON, &remind("wait")).await.unwrap();
    while !world.post.calls.lock().unwrap().contains(&"wait".to_owned()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It is taken in hand, and waits for its turn.
    world.schedule.at("2", NOON, &remind("tea")).await.unwrap();
    while worker.views().count::<Agenda>().await.unwrap() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let cancelled = world.schedule.cancel("2", "").await.unwrap();
    assert_eq!(cancelled, Cancelled::PerhapsTooLate);
    world.post.room.add_permits(1);
    world.until(&worker, "1", has_ended).await;
    world.until_all_is_done(&worker, "behind").await;
    assert_eq!(world.reminded().await, ["wait"]);
    worker.stop().await.unwrap();
}

pub async fn what_was_done_is_not_cancelled(world: World) {
    let worker = world.worker().await;
    world.schedule.at("1", NOON, &remind("tea")).await.unwrap();
    world.until(&worker, "1", has_ended).await;
    assert_eq!(world.schedule.cancel("1", "").await.unwrap(), Cancelled::TooLate);
    worker.stop().await.unwrap();
}

pub async fn the_same_key_twice_is_one(world: World) {
    let worker = world.worker().await;
    world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    let again = world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    assert_eq!((again.due, again.repeated), (NOON + HOUR, true));
    world.clock.advance(HOUR);
    world.until_all_is_done(&worker, "behind").await;
    world.until(&worker, "1", has_ended).await;
    let again = world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    assert_eq!((again.due, again.repeated), (NOON + HOUR, true));
    world.until_all_is_done(&worker, "further").await;
    assert_eq!(world.reminded().await, ["tea"]);
    worker.stop().await.unwrap();
}

pub async fn a_key_is_of_one_command(world: World) {
    world.schedule.after("1", HOUR, &remind("tea")).await.unwrap();
    let other = world.schedule.after("1", HOUR, &remind("coffee")).await;
    assert!(matches!(other, Err(ScheduleError::AnotherCommand)), "{other:?}");
    let key = world.schedule.after("", HOUR, &remind("tea")).await;
    assert!(matches!(key, Err(ScheduleError::Key(_))), "{key:?}");
}

pub async fn what_fails_for_good_waits_for_a_decision(world: World) {
    world.post.refuses.store(true, Ordering::SeqCst);
    let worker = world.worker().await;
    world.schedule.at("1", NOON, &remind("tea")).await.unwrap();
    world.until(&worker, "1", |overview| overview.book.is_parked()).await;
    world.post.refuses.store(false, Ordering::SeqCst);
    let operations = ProcessOperations::new(world.log.clone(), world.models.clone());
    operations.decide("reminders", "1", Decision::Retry, "she is back").await.unwrap();
    world.until(&worker, "1", has_ended).await;
    assert_eq!(world.reminded().await, ["tea"]);
    worker.stop().await.unwrap();
}

pub async fn no_two_have_the_same_name(world: World) {
    let worker = Processes::new(world.log.clone(), world.models.clone());
    let worker = worker.schedule::<Remind>(world.post.clone());
    let started = worker.schedule::<Remind>(world.post.clone()).start().await;
    assert!(matches!(started, Err(StartError::SameName { name: "reminders" })), "{started:?}");
}
