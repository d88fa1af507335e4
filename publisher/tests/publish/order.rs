//! The order of each stream.

use annals::read_model::{LetterQuery, ModelId};
use annals_projections::operations::Health;
use annals_publisher::MemorySink;

use super::world::{World, order, orders, paid, placed};

pub async fn each_stream_is_published_in_its_order(world: World) {
    let sink = MemorySink::new().batch(7);
    let sliced = || orders(&sink).slices(4).step(20);
    let running = world.start_with(sliced()).await;
    // A second process, and a third that takes over from the first.
    let second = world.start_with(sliced()).await;
    for n in 0..300 {
        if n == 150 {
            let third = world.start_with(sliced()).await;
            third.stop().await.unwrap();
        }
        world.append(&order(n % 10), &[placed(1), paid(1)]).await;
    }
    running.stop().await.unwrap();
    second.caught_up().await.unwrap();
    second.stop().await.unwrap();
    for n in 0..10 {
        // Nothing has failed, so nothing came twice.
        assert_eq!(sink.versions(&order(n)), (1..=60).collect::<Vec<_>>(), "order {n}");
    }
}

pub async fn what_is_refused_is_parked_with_what_comes_after_it(world: World) {
    let sink = MemorySink::new();
    sink.refuse(order(3));
    let running = world.start(&sink).await;
    for n in 0..9 {
        world.append(&order(n), &[placed(1), paid(1)]).await;
    }
    running.caught_up().await.unwrap();
    for n in 0..9 {
        let expected: &[u64] = if n == 3 { &[] } else { &[1, 2] };
        assert_eq!(sink.versions(&order(n)), expected, "order {n}");
    }
    let operations = running.operations();
    let letters = LetterQuery::of(&ModelId::new("orders_out", 1).unwrap());
    let parked = operations.letters(&letters).await.unwrap();
    assert_eq!(parked.iter().map(|l| l.version.get()).collect::<Vec<_>>(), [1, 2]);
    assert!(parked[0].reason.as_ref().unwrap().contains("this stream is refused"));
    assert_eq!(parked[1].reason, None, "it only waits");
    let health = operations.status().await.unwrap().health();
    assert!(matches!(health, Health::Impaired(_)), "{health:?}");

    sink.accept(&order(3));
    operations.retry(&letters).await.unwrap();
    while !operations.letters(&letters).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sink.versions(&order(3)), [1, 2]);
    assert_eq!(operations.status().await.unwrap().health(), Health::Good);
    assert!(operations.audit("orders_out", None).await.unwrap().is_clean());
    running.stop().await.unwrap();
}
