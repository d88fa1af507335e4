//! A worker that ends while a command waits for a circuit leaves it to the next one.

use std::time::Duration;

use annals_processes::{BreakerOptions, CallOptions, ProcessOptions, RunningProcesses};

use super::domain::{Ask, Became};
use super::service::Says;
use super::world::{World, calls, pass, well};

fn options() -> ProcessOptions {
    let breaker = BreakerOptions::new().failures(1).open_for(Duration::from_secs(100_000));
    let calls = CallOptions::new().attempts(1).within(Duration::from_secs(100_000));
    ProcessOptions::new().kind("pay", calls.breaker(breaker)).grace(Duration::from_secs(1_000))
}

/// A worker whose circuit is open, and a bill that waits for it.
async fn waiting() -> (World, RunningProcesses) {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let worker = world.worker(options()).await;
    world.issue(1, &[Ask::Pay]).await;
    let not_now = Became::Failed { reason: "not now".to_owned(), in_doubt: true };
    assert_eq!(world.end(1).await, not_now);
    world.issue(2, &[Ask::Pay]).await;
    pass(5).await;
    assert_eq!(calls(&worker, "pay").waiting, 1);
    world.service.says(Ask::Pay, Says::Well);
    (world, worker)
}

#[tokio::test(start_paused = true)]
async fn who_stops_does_not_wait_for_the_circuit() {
    let (world, worker) = waiting().await;
    let stopping = world.now();
    worker.stop().await.unwrap();
    assert!(world.now() - stopping < Duration::from_secs(10), "{}", world.now() - stopping);
    assert_eq!(world.became(2).await, [], "it was not given up, but put back");
    let worker = world.worker(options()).await;
    assert_eq!(world.end(2).await, well());
    assert_eq!(world.service.seen(Ask::Pay).instances, ["1", "2"]);
    worker.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_worker_had_in_hand_is_done_by_the_next() {
    let (world, worker) = waiting().await;
    drop(worker);
    let worker = world.worker(options()).await;
    assert_eq!(world.end(2).await, well());
    assert_eq!(world.service.seen(Ask::Pay).instances, ["1", "2"]);
    worker.stop().await.unwrap();
}

/// A call that is under way has the grace.
#[tokio::test(start_paused = true)]
async fn who_stops_waits_for_the_calls_under_way() {
    let world = World::new();
    world.service.takes(Ask::Pay, Duration::from_secs(9));
    let worker = world.worker(options()).await;
    world.issue(1, &[Ask::Pay]).await;
    pass(2).await;
    worker.stop().await.unwrap();
    assert_eq!(world.became(1).await, [well()]);
}
