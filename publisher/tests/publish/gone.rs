//! A receiver that wants nothing any more.

use annals_projections::RunError;
use annals_projections::operations::Health;
use annals_publisher::{MemorySink, NotTaken, PublisherError, RunningPublishers};

use super::world::{World, order, orders, paid, placed};

/// Publishers whose receiver has just gone, with a message that it has not taken.
async fn stopped(world: &World, sink: &MemorySink) -> RunningPublishers {
    sink.then(NotTaken::gone("no more"));
    let running = world.start(sink).await;
    world.append(&order(1), &[placed(1)]).await;
    while running.publishers().stopped("orders_out").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    running
}

pub async fn a_receiver_that_is_gone_stops_the_publisher(world: World) {
    let sink = MemorySink::new();
    let running = stopped(&world, &sink).await;
    let stopped = running.publishers().stopped("orders_out").await.unwrap().unwrap();
    assert_eq!((&*stopped.target, &*stopped.reason), ("memory", "no more"));
    let waited = running.caught_up().await;
    let said =
        matches!(&waited, Err(RunError::Stopped { reason, .. }) if reason.contains("no more"));
    assert!(said, "{waited:?}");
    loop {
        // The workers tell it with their next heartbeat.
        let health = running.operations().status().await.unwrap().health();
        if let Health::Bad(reasons) = health {
            assert!(reasons[0].contains("wants nothing any more"), "{reasons:?}");
            break;
        }
        tokio::task::yield_now().await;
    }
    // Nobody knocks again, also not with what comes later.
    world.append(&order(1), &[paid(1)]).await;
    assert_eq!(sink.calls(), 1);
    assert!(
        running
            .operations()
            .letters(&annals::read_model::LetterQuery::all())
            .await
            .unwrap()
            .is_empty()
    );
    running.stop().await.unwrap();
    assert_eq!(sink.calls(), 1);
}

pub async fn it_goes_on_when_somebody_says_so(world: World) {
    let sink = MemorySink::new();
    let running = stopped(&world, &sink).await;
    world.append(&order(1), &[paid(1)]).await;
    assert!(running.publishers().resume("orders_out", "ada: it is back").await.unwrap());
    assert_eq!(running.publishers().stopped("orders_out").await.unwrap(), None);
    while running.caught_up().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sink.versions(&order(1)), [1, 2]);
    assert!(running.operations().audit("orders_out", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}

pub async fn another_target_is_not_stopped(world: World) {
    let sink = MemorySink::new();
    stopped(&world, &sink).await.stop().await.unwrap();
    let other = MemorySink::new().named("elsewhere");
    let running = world.start(&other).await;
    running.caught_up().await.unwrap();
    assert_eq!(other.versions(&order(1)), [1]);
    assert_eq!(sink.calls(), 1);
    running.stop().await.unwrap();
}

pub async fn it_stays_stopped_after_a_restart(world: World) {
    let sink = MemorySink::new();
    stopped(&world, &sink).await.stop().await.unwrap();
    // Also where everything beside the log was lost.
    for world in [world.clone(), world.with_lost_models()] {
        let running = world.start(&sink).await;
        let waited = running.caught_up().await;
        assert!(matches!(waited, Err(RunError::Stopped { .. })), "{waited:?}");
        running.stop().await.unwrap();
    }
    assert_eq!(sink.calls(), 1);
}

pub async fn nobody_resumes_what_does_not_stand_still(world: World) {
    let sink = MemorySink::new();
    let running = world.start_with(orders(&sink)).await;
    let publishers = running.publishers();
    assert!(!publishers.resume("orders_out", "why not").await.unwrap());
    let unknown = publishers.resume("nobody", "why not").await;
    assert!(matches!(unknown, Err(PublisherError::Unknown { .. })), "{unknown:?}");
    let unknown = publishers.stopped("nobody").await;
    assert!(matches!(unknown, Err(PublisherError::Unknown { .. })), "{unknown:?}");
    running.stop().await.unwrap();
}
