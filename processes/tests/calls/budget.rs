//! A herd of commands that fail together is tried again in proportion to the commands.

use std::time::Duration;

use annals_processes::{CallOptions, RetryBudget};

use super::domain::Ask;
use super::service::Says;
use super::world::{World, calls, pass, well};

const BILLS: usize = 200;

async fn herd(options: CallOptions) -> (World, annals_processes::RunningProcesses) {
    let world = World::new();
    world.service.says(Ask::Pay, Says::NotNow);
    let options = options.attempts(1_000).within(Duration::from_secs(100_000));
    let worker = world.pays(options.pauses(Duration::from_millis(100), second())).await;
    for bill in 0..BILLS {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(30).await;
    (world, worker)
}

fn second() -> Duration {
    Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn it_gets_no_more_tries_than_its_budget_has() {
    let budget = RetryBudget::new().percent(20).per_second(1).burst(10);
    let (world, worker) = herd(CallOptions::new().retry_budget(budget)).await;
    let seen = world.service.seen(Ask::Pay);
    assert_eq!(seen.calls - seen.again, BILLS, "first tries are not limited");
    // 10 at the beginning, one for five commands, and one a second.
    let most = 10 + BILLS / 5 + 31;
    assert!((10..=most).contains(&seen.again), "{} of {most}", seen.again);
    let look = calls(&worker, "pay");
    assert_eq!(look.retried, seen.again as u64);
    assert_eq!((look.under_way, look.waiting), (0, BILLS));

    // None has failed by waiting: all are done when the service is back.
    world.service.says(Ask::Pay, Says::Well);
    for bill in 0..BILLS {
        assert_eq!(world.end(bill).await, well());
    }
    worker.stop().await.unwrap();
}

/// That the herd would be one.
#[tokio::test(start_paused = true)]
async fn without_a_budget_it_comes_again_and_again() {
    let (world, worker) = herd(CallOptions::new().without_retry_budget()).await;
    assert!(world.service.seen(Ask::Pay).again > 10 * BILLS);
    worker.stop().await.unwrap();
}
