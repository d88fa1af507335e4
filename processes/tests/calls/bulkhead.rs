//! Calls of one kind leave those of others their places.

use std::time::Duration;

use annals_processes::{CallOptions, ProcessOptions};

use super::domain::Ask;
use super::service::Says;
use super::world::{World, calls, pass, well};

#[tokio::test(start_paused = true)]
async fn never_more_calls_of_a_kind_are_under_way_than_it_may_have() {
    let world = World::new();
    world.service.takes(Ask::Pay, Duration::from_secs(1));
    let worker = world.pays(CallOptions::new().concurrency(3)).await;
    for bill in 0..20 {
        world.issue(bill, &[Ask::Pay]).await;
    }
    pass(2).await;
    let seen = calls(&worker, "pay");
    assert_eq!((seen.under_way, seen.waiting), (3, 9), "those that wait are bounded, too");
    for bill in 0..20 {
        assert_eq!(world.end(bill).await, well());
    }
    assert_eq!(world.service.seen(Ask::Pay).most, 3);
    assert_eq!(world.service.seen(Ask::Pay).calls, 20);
    worker.stop().await.unwrap();
}

/// All places of one kind are taken for ever: mail goes on, though neither has options of its
/// own.
#[tokio::test(start_paused = true)]
async fn a_kind_that_hangs_keeps_no_other_from_going_on() {
    let world = World::new();
    world.service.says(Ask::Pay, Says::Nothing);
    let options = CallOptions::new().concurrency(2).timeout(Duration::from_secs(100_000));
    let worker = world.worker(ProcessOptions::new().other_kinds(options)).await;
    for bill in 0..20 {
        world.issue(bill, &[Ask::Pay, Ask::Mail]).await;
    }
    for bill in 0..20 {
        assert_eq!(world.end(bill).await, well());
    }
    assert_eq!(world.service.seen(Ask::Mail).calls, 20);
    assert_eq!(world.service.seen(Ask::Pay).calls, 2);
    assert_eq!(calls(&worker, "pay").under_way, 2);
    worker.stop().await.unwrap();
}
