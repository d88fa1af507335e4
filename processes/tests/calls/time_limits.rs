//! The time of a try, and the time of all of them.

use std::time::Duration;

use annals_processes::{BreakerOptions, CallOptions};

use super::domain::{Ask, Became};
use super::service::Says;
use super::world::{World, calls, pass, well};

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_answered_ends_and_is_in_doubt() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::Nothing);
    let options = CallOptions::new().timeout(Duration::from_secs(7)).attempts(2);
    let worker = world.pays(options).await;
    world.issue(1, &[Ask::Pay]).await;
    pass(5).await;
    assert_eq!(calls(&worker, "pay").under_way, 1);
    let reason = "it was not answered within 7s".to_owned();
    assert_eq!(world.end(1).await, Became::Failed { reason, in_doubt: true });
    assert_eq!(world.service.seen(Ask::Pay).calls, 2);
    assert_eq!(world.service.seen(Ask::Pay).under_way, 0);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_ends_by_its_time_whatever_its_attempts() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let options = CallOptions::new().attempts(usize::MAX).within(Duration::from_secs(300));
    let worker = world.pays(options).await;
    world.issue(1, &[Ask::Pay]).await;
    let began = world.now();
    let became = world.end(1).await;
    assert_eq!(became, Became::Failed { reason: "not now".to_owned(), in_doubt: true });
    assert!(world.now() - began <= Duration::from_secs(301), "{}", world.now() - began);
    worker.stop().await.unwrap();
}

/// The place is kept by a call that takes long: a command that is not tried in its time was
/// not done.
#[tokio::test(start_paused = true)]
async fn a_command_that_finds_no_place_in_its_time_may_have_been_tried_elsewhere() {
    let world = World::new();
    world.service.takes(Ask::Pay, Duration::from_secs(100));
    let options = CallOptions::new().timeout(Duration::from_secs(1_000)).concurrency(1);
    let worker = world.pays(options.within(Duration::from_secs(50))).await;
    world.issue(1, &[Ask::Pay]).await;
    pass(1).await;
    world.issue(2, &[Ask::Pay]).await;
    let reason = "it was not tried within 50s: all places of its kind are taken".to_owned();
    assert_eq!(world.end(2).await, Became::Failed { reason, in_doubt: true });
    // A try that has begun has its time.
    assert_eq!(world.end(1).await, well());
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_before_an_open_circuit_ends_by_its_time_and_untried() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let breaker = BreakerOptions::new().failures(1).open_for(Duration::from_secs(3_600));
    let options = CallOptions::new().attempts(1).concurrency(1).breaker(breaker);
    let worker = world.pays(options.within(Duration::from_secs(60))).await;
    world.issue(1, &[Ask::Pay]).await;
    let not_now = Became::Failed { reason: "not now".to_owned(), in_doubt: true };
    assert_eq!(world.end(1).await, not_now);
    world.issue(2, &[Ask::Pay]).await;
    world.issue(3, &[Ask::Pay]).await;
    let reason = "it was not tried within 60s: the circuit of billing/pay is open".to_owned();
    let untried = Became::Failed { reason, in_doubt: true };
    assert_eq!(world.end(2).await, untried);
    assert_eq!(world.end(3).await, untried, "the one place is free: nobody who waits has it");
    assert_eq!(world.service.seen(Ask::Pay).instances, ["1"]);
    worker.stop().await.unwrap();
}
