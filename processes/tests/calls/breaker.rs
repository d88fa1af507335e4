//! Where calls keep failing, no more are made for a while.

use std::time::Duration;

use annals_processes::{BreakerOptions, CallOptions, CircuitState, ProcessOptions};

use super::domain::{Ask, Became};
use super::service::Says;
use super::world::{World, calls, circuit, pass, well};

/// Opens when three calls have failed, for a minute.
fn breaker() -> BreakerOptions {
    BreakerOptions::new().failures(3).open_for(Duration::from_secs(60)).answers(2)
}

/// Many tries, so that only the breaker ends them.
fn patient() -> CallOptions {
    CallOptions::new().attempts(1_000).without_retry_budget().within(Duration::from_secs(100_000))
}

#[tokio::test(start_paused = true)]
async fn it_opens_makes_a_trial_and_closes() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.pays(patient().concurrency(1).breaker(breaker())).await;
    for bill in 0..4 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(30).await;
    let CircuitState::Open { since, until } = circuit(&worker, "pay") else { panic!() };
    assert_eq!(until - since, Duration::from_secs(60));
    assert!(world.now() < until);
    assert_eq!(world.service.seen(Ask::Pay).calls, 3, "no call is made while it is open");
    let seen = calls(&worker, "pay");
    assert_eq!((seen.under_way, seen.waiting), (0, 4));
    assert_eq!(seen.last_error.unwrap().error, "not now");

    // Half open: one trial at a time, and one is enough to open it anew.
    world.service.takes(Ask::Pay, Duration::from_secs(5));
    pass(33).await;
    assert!(matches!(circuit(&worker, "pay"), CircuitState::HalfOpen { .. }));
    assert_eq!(calls(&worker, "pay").under_way, 1);
    pass(7).await;
    assert!(matches!(circuit(&worker, "pay"), CircuitState::Open { .. }));
    assert_eq!(world.service.seen(Ask::Pay).calls, 4);

    world.service.takes(Ask::Pay, Duration::ZERO);
    world.service.says(Ask::Pay, Says::Well);
    for bill in 0..4 {
        assert_eq!(world.end(bill).await, well());
    }
    assert!(circuit(&worker, "pay").is_closed());
    assert_eq!(calls(&worker, "pay").circuit.unwrap().opened, 2);
    assert_eq!(world.service.seen(Ask::Pay).calls, 8);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trials_are_few_however_many_wait() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.pays(patient().concurrency(3).breaker(breaker().trials(2))).await;
    for bill in 0..12 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(30).await;
    assert!(matches!(circuit(&worker, "pay"), CircuitState::Open { .. }));
    assert_eq!(world.service.seen(Ask::Pay).calls, 3);
    world.service.says(Ask::Pay, Says::Nothing);
    pass(35).await;
    assert!(matches!(circuit(&worker, "pay"), CircuitState::HalfOpen { .. }));
    let seen = calls(&worker, "pay");
    assert_eq!((seen.under_way, seen.waiting), (2, 10));
    assert_eq!(world.service.seen(Ask::Pay).calls, 5);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn other_dependencies_are_called_as_before() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let options = ProcessOptions::new().other_kinds(patient().breaker(breaker()));
    let worker = world.worker(options).await;
    for bill in 0..20 {
        world.issue(bill, &[Ask::Pay, Ask::Mail]).await;
    }
    for bill in 0..20 {
        assert_eq!(world.end(bill).await, well());
    }
    assert!(!circuit(&worker, "pay").is_closed());
    assert!(circuit(&worker, "mail").is_closed());
    assert_eq!(world.service.seen(Ask::Mail).calls, 20);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn kinds_that_share_a_dependency_share_its_circuit() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let payments = || patient().dependency("payments");
    let options = ProcessOptions::new();
    let options = options.kind("pay", payments()).kind("refund", payments().breaker(breaker()));
    let worker = world.worker(options.kind("mail", patient().dependency("post"))).await;
    for bill in 0..3 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(20).await;
    world.issue("back", &[Ask::Refund, Ask::Mail]).await;
    pass(20).await;
    assert_eq!(world.service.seen(Ask::Refund).calls, 0);
    assert_eq!(world.became("back").await, [well()], "the mail was sent");
    let shared = calls(&worker, "refund").circuit.unwrap();
    assert_eq!(shared.dependency, "payments");
    assert_eq!(Some(shared), calls(&worker, "pay").circuit);
    world.service.says(Ask::Pay, Says::Well);
    for bill in 0..3 {
        assert_eq!(world.end(bill).await, well());
    }
    pass(120).await;
    assert_eq!(world.became("back").await, [well(), well()]);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_are_answers() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::No);
    let worker = world.pays(patient().breaker(breaker())).await;
    for bill in 0..20 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    for bill in 0..20 {
        let refused = Became::Failed { reason: "refused: no".to_owned(), in_doubt: false };
        assert_eq!(world.end(bill).await, refused);
    }
    assert!(circuit(&worker, "pay").is_closed());
    assert_eq!(calls(&worker, "pay").last_error, None);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn commands_that_nobody_wants_any_more_say_nothing_about_the_service() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.pays(patient().concurrency(1).breaker(breaker())).await;
    for bill in 0..6 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(30).await;
    assert_eq!(world.service.seen(Ask::Pay).calls, 3);
    for bill in 0..6 {
        world.abandon(bill).await;
    }
    // The time of trials comes, and there is nothing to try.
    pass(100).await;
    assert!(!circuit(&worker, "pay").is_closed());
    assert_eq!(world.service.seen(Ask::Pay).calls, 3);
    assert_eq!(calls(&worker, "pay").waiting, 0);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_kind_of_which_many_wait_takes_no_places_of_others() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.pays(patient().concurrency(500).breaker(breaker())).await;
    for bill in 0..2_100 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(30).await;
    assert_eq!(calls(&worker, "pay").waiting, 2_000);
    world.issue("other", &[Ask::Mail]).await;
    assert_eq!(world.end("other").await, well());
    world.service.says(Ask::Pay, Says::Well);
    assert_eq!(world.end(2_099).await, well());
    drop(worker);
}
