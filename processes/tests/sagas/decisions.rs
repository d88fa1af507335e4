//! What people decide where a process cannot go on.

use std::time::Duration;

use annals_processes::step::{Decision, Phase, Task, What};
use annals_processes::{
    CallOptions, DecideError, Overview, ProcessOperations, ProcessOptions, Processes, Standing,
};
use time::OffsetDateTime;

use super::domain::OrderEvent;
use super::shop::Says;
use super::world::World;

fn operations(world: &World) -> ProcessOperations {
    ProcessOperations::new(world.log.clone(), world.models.clone())
}

/// An order whose payment is in doubt, and cannot be made void.
async fn stuck(world: &World) -> (annals_processes::RunningProcesses, Overview) {
    world.shop.says([Says::Nothing; 3]);
    world.shop.says_to_a_void([Says::NotNow; 3]);
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    let overview = world.until(&worker, "1", |overview| overview.book.is_parked()).await;
    (worker, overview)
}

pub async fn a_compensation_that_fails_waits_for_somebody_who_knows_all(world: World) {
    let (worker, overview) = stuck(&world).await;
    let Phase::Compensating { reason } = &overview.book.phase else { panic!("{overview:?}") };
    assert_eq!(reason, "no answer");
    let task = overview.book.open.values().next().unwrap();
    let What::Decision { command, reason, undoes: true, in_doubt: true, .. } = &task.what else {
        panic!("{task:?}")
    };
    assert_eq!(command.to_string(), r#"{"Void":{"order":"1"}}"#);
    assert_eq!(reason, "come back later");
    assert_eq!(overview.standing(overview.moved), Standing::Parked);
    // It is found among all others without a look at them.
    let alerts = async || operations(&world).alerts(Duration::from_secs(60), 10).await.unwrap();
    // The agenda is another view than the overview.
    while alerts().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let alerts = alerts().await;
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    assert_eq!((alert.process.as_str(), alert.instance.as_str()), ("fulfilment", "1"));
    assert!(alert.is_decision());
    // The stock is undone behind it.
    assert_eq!(world.shop.stock.load("apple").await.unwrap().state.free, 7);
    worker.stop().await.unwrap();
}

pub async fn what_is_tried_again_goes_on(world: World) {
    let (worker, _) = stuck(&world).await;
    operations(&world).decide("fulfilment", "1", Decision::Retry, "they are back").await.unwrap();
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    assert_eq!(world.shop.payments.lock().unwrap().void, ["1"]);
    assert_eq!(world.shop.stock.load("apple").await.unwrap().state.free, 10);
    assert!(matches!(world.became("1").await[..], [OrderEvent::Cancelled { .. }]));
    worker.stop().await.unwrap();
}

pub async fn what_was_seen_to_is_left_out(world: World) {
    let (worker, _) = stuck(&world).await;
    let note = "made void by telephone";
    operations(&world).decide("fulfilment", "1", Decision::Resume, note).await.unwrap();
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    assert!(world.shop.payments.lock().unwrap().void.is_empty());
    assert_eq!(world.shop.stock.load("apple").await.unwrap().state.free, 10);
    worker.stop().await.unwrap();
}

pub async fn what_is_abandoned_stays_as_it_is(world: World) {
    let (worker, _) = stuck(&world).await;
    operations(&world).decide("fulfilment", "1", Decision::Abandon, "lost").await.unwrap();
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Abandoned).await;
    assert_eq!(world.shop.stock.load("apple").await.unwrap().state.free, 7);
    assert_eq!(world.became("1").await, []);
    worker.stop().await.unwrap();
}

pub async fn what_is_abandoned_is_tried_no_more(world: World) {
    world.shop.says([Says::NotNow; 10_000]);
    let calls = CallOptions::new().attempts(10_000).without_retry_budget();
    let calls = calls.pauses(Duration::from_millis(100), Duration::from_millis(100));
    let worker = world.worker_with(ProcessOptions::new().other_kinds(calls)).await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    let called = || world.shop.payments.lock().unwrap().calls;
    while called() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    operations(&world).decide("fulfilment", "1", Decision::Abandon, "enough").await.unwrap();
    let before = called();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // One may have been under way.
    assert!(called() <= before + 1, "{before}, and then {}", called());
    worker.stop().await.unwrap();
}

pub async fn what_nobody_carries_out_is_told(world: World) {
    // A worker without the code of the process feeds the views.
    let processes = Processes::new(world.log.clone(), world.models.clone());
    let processes = processes.lease(Duration::from_secs(1));
    let blind = processes.start().await.unwrap();
    let begun = Task {
        number: 0,
        key: 0,
        kind: "command".to_owned(),
        due: OffsetDateTime::now_utc() - Duration::from_secs(90),
        what: What::Command { command: serde_json::json!({}), undoes: false },
    };
    world.step("forgotten", "7", begun).await;
    blind.caught_up().await.unwrap();
    let told = async |late| operations(&world).alerts(Duration::from_secs(late), 10).await.unwrap();
    assert_eq!(told(120).await, []);
    let alerts = told(60).await;
    assert_eq!((alerts.len(), alerts[0].process.as_str()), (1, "forgotten"));
    assert!(!alerts[0].is_decision());
    blind.stop().await.unwrap();
}

pub async fn nobody_decides_where_nothing_waits(world: World) {
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    let operations = operations(&world);
    let over = operations.decide("fulfilment", "1", Decision::Retry, "").await;
    assert!(matches!(over, Err(DecideError::Over)));
    let unknown = operations.decide("fulfilment", "2", Decision::Retry, "").await;
    assert!(matches!(unknown, Err(DecideError::Unknown)));
    worker.stop().await.unwrap();
}
