//! Each thing is done once, whatever crashes.

use std::sync::Arc;
use std::time::Duration;

use annals_processes::{CallOptions, PolicyOptions};

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

pub async fn who_has_stood_still_does_not_go_on_behind_another_worker(world: World) {
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (stand_still, stands_still) = tokio::sync::oneshot::channel::<()>();
    let (end, ends) = tokio::sync::oneshot::channel::<()>();
    let slow = world.clone();
    // A machine of its own, whose heartbeats stand still with all the rest.
    let machine = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let slow = slow.other().await;
            // Nothing else than its place ends a call.
            let calls = CallOptions::new().timeout(Duration::from_secs(600));
            let worker = slow.worker_with(PolicyOptions::new().calls(calls)).await;
            begun.send(slow.office.clone()).ok().unwrap();
            stands_still.await.unwrap();
            std::thread::sleep(Duration::from_secs(3));
            ends.await.unwrap();
            worker.stop().await.unwrap();
        });
    });
    let slow = begins.await.unwrap();
    world.change("1", &["stuck", "salt"]).await;
    slow.desk.written.notified().await;
    stand_still.send(()).unwrap();

    world.office.desk.answers.add_permits(1_000);
    let worker = world.worker().await;
    world.change("1", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["stuck", "salt", "wine"]);

    let given_up = slow.desk.given_up.notified();
    tokio::time::timeout(Duration::from_secs(20), given_up).await.expect("it is given up");
    slow.desk.answers.add_permits(1_000);
    end.send(()).unwrap();
    machine.join().unwrap();
    assert_eq!(slow.calls("salt").len(), 0, "it is not asked for behind what came later");
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
