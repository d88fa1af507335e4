//! Each thing is done once, whatever crashes.

use std::sync::Arc;
use std::time::Duration;

use super::world::World;

pub async fn a_crash_between_command_and_checkpoint_does_nothing_twice(world: World) {
    let handles = Arc::strong_count(&world.office.desk);
    let worker = world.worker().await;
    world.change("1", &["bread", "stuck", "salt"]).await;
    world.office.desk.written.notified().await;
    // The second line is written, and nobody was told.
    drop(worker);
    while Arc::strong_count(&world.office.desk) > handles {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.office.desk.answers.add_permits(1_000);
    let worker = world.worker().await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread", "stuck", "salt"]);
    let keys = world.office.calls("stuck");
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    worker.stop().await.unwrap();
}

pub async fn a_command_that_outlasts_the_lease_is_not_begun_anew(world: World) {
    let worker = world.worker().await;
    world.change("1", &["stuck", "salt"]).await;
    world.office.desk.written.notified().await;
    // For several leases, in which nobody has to look.
    for _ in 0..50 {
        let status = worker.operations().status_of("billing").await.unwrap();
        let stuck = status.models.iter().flat_map(|model| &model.lags);
        assert_eq!(stuck.filter_map(|lag| lag.stuck.as_deref()).next(), None);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.office.desk.answers.add_permits(1_000);
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["stuck", "salt"]);
    assert_eq!(world.office.calls("stuck").len(), 1);
    worker.stop().await.unwrap();
}

pub async fn two_workers_do_each_thing_once(world: World) {
    let workers = (world.worker().await, world.worker().await);
    for nth in 0..30 {
        world.change(&(nth % 5).to_string(), &[&nth.to_string()]).await;
    }
    workers.0.caught_up().await.unwrap();
    let mut lines = Vec::new();
    for order in 0..5 {
        lines.extend(world.office.bill(&order.to_string()).await);
    }
    lines.sort_by_key(|line| line.parse::<u32>().unwrap());
    assert_eq!(lines, (0..30).map(|nth: u32| nth.to_string()).collect::<Vec<_>>());
    workers.0.stop().await.unwrap();
    workers.1.stop().await.unwrap();
}
