//! Every message at least once, under one id.

use annals_publisher::{MemorySink, NotTaken};

use super::world::{World, order, orders, paid, placed};

pub async fn what_was_taken_before_a_crash_comes_again_under_its_id(world: World) {
    let sink = MemorySink::new();
    sink.then_take_in_silence();
    let running = world.start(&sink).await;
    world.append(&order(1), &[placed(1), paid(1)]).await;
    sink.called(1).await;
    // Between the sink and the checkpoint.
    drop(running);
    let first = sink.published();
    assert_eq!(sink.versions(&order(1)), [1, 2]);
    let running = world.start(&sink).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(sink.published(), [first.clone(), first].concat());
    // Its checkpoint stands behind both of them now.
    let running = world.start(&sink).await;
    running.caught_up().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [1, 2, 1, 2]);
}

pub async fn what_was_taken_is_not_sent_again_when_a_batch_fails(world: World) {
    let sink = MemorySink::new();
    sink.then(NotTaken::passing("in the middle").behind(2));
    let events: Vec<_> = (0..5).map(placed).collect();
    world.append(&order(1), &events).await;
    let running = world.start_with(orders(&sink).from_beginning()).await;
    running.caught_up().await.unwrap();
    assert_eq!(sink.versions(&order(1)), [1, 2, 3, 4, 5]);
    running.stop().await.unwrap();
}

pub async fn a_failure_that_passes_loses_nothing(world: World) {
    let sink = MemorySink::new();
    for _ in 0..3 {
        sink.then(NotTaken::passing("not now"));
    }
    for n in 0..20 {
        world.append(&order(n), &[placed(1), paid(1)]).await;
    }
    let running = world.start_with(orders(&sink).from_beginning()).await;
    running.caught_up().await.unwrap();
    for n in 0..20 {
        assert_eq!(sink.versions(&order(n)), [1, 2], "order {n}");
    }
    assert!(running.operations().audit("orders_out", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}
