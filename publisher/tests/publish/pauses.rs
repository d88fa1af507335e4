//! A receiver that asks to be left alone. Time is that of the test: it passes when everybody
//! waits.

use std::time::Duration;

use annals_publisher::{MemorySink, NotTaken};
use tokio::time::Instant;

use super::world::{World, order, orders, placed};

/// How long after the first call the second one comes.
async fn second_call(first: NotTaken) -> Duration {
    let sink = MemorySink::new();
    sink.then(first);
    let world = World::memory(1).await;
    world.append(&order(1), &[placed(1)]).await;
    let running = world.start_with(orders(&sink).from_beginning()).await;
    sink.called(1).await;
    let began = Instant::now();
    sink.called(2).await;
    let passed = began.elapsed();
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [1]);
    running.stop().await.unwrap();
    passed
}

#[tokio::test(start_paused = true)]
async fn it_is_left_alone_for_as_long_as_it_asks() {
    let asked = Duration::from_secs(120);
    assert!(second_call(NotTaken::passing("busy").after(asked)).await >= asked);
    // It would have been called sooner.
    assert!(second_call(NotTaken::passing("busy")).await < asked);
}

#[tokio::test(start_paused = true)]
async fn it_is_left_alone_for_an_hour_at_most() {
    let passed = second_call(NotTaken::passing("busy").after(Duration::MAX)).await;
    assert!((3_600..3_660).contains(&passed.as_secs()), "{passed:?}");
}
