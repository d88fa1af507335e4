//! What a process does when all goes well, and when it does not.

use std::time::Duration;

use annals::read_model::LetterQuery;
use annals::{Metadata, TraceContext};
use annals_processes::step::Phase;
use annals_processes::{CallOptions, ProcessOptions};

use super::domain::OrderEvent;
use super::shop::Says;
use super::world::World;

pub async fn an_order_is_fulfilled(world: World) {
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    assert_eq!(world.became("1").await, [OrderEvent::Shipped]);
    let stock = world.shop.stock.load("apple").await.unwrap().state;
    assert_eq!((stock.free, stock.reserved["1"]), (7, 3));
    worker.stop().await.unwrap();
}

pub async fn what_was_done_is_undone_in_reverse(world: World) {
    world.shop.says([Says::No]);
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    let reason = "refused: the card is not good".to_owned();
    assert_eq!(world.became("1").await, [OrderEvent::Cancelled { reason }]);
    let stock = world.shop.stock.load("apple").await.unwrap().state;
    assert_eq!((stock.free, stock.reserved.len()), (10, 0));
    // A refusal is no doubt: nothing was to be made void.
    assert!(world.shop.payments.lock().unwrap().void.is_empty());
    worker.stop().await.unwrap();
}

pub async fn what_may_have_been_done_is_undone_too(world: World) {
    world.shop.says([Says::Nothing; 3]);
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    assert!(matches!(world.became("1").await[..], [OrderEvent::Cancelled { .. }]));
    worker.stop().await.unwrap();
    let payments = world.shop.payments.lock().unwrap();
    assert_eq!((payments.authorized.len(), payments.void.as_slice()), (1, &["1".to_owned()][..]));
}

pub async fn what_passes_is_tried_again(world: World) {
    world.shop.says([Says::NotNow, Says::Nothing]);
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    world.place("1", "apple", 3).await;
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    assert_eq!(world.became("1").await, [OrderEvent::Shipped]);
    assert_eq!(world.shop.payments.lock().unwrap().authorized.len(), 1);
    worker.stop().await.unwrap();
}

pub async fn a_command_knows_what_it_follows_from(world: World) {
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    let placed = OrderEvent::Placed { sku: "apple".to_owned(), quantity: 3, cents: 500 };
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let trace = TraceContext::new(trace).unwrap();
    let asked = Metadata::new().with_actor("ada").with_tenant("acme").with_correlation_id("7");
    let place = |_: &_| placed.clone();
    let place = world.shop.orders.update("1", place).metadata(asked.with_trace(trace.clone()));
    place.await.unwrap();
    world.until(&worker, "1", |overview| overview.book.phase == Phase::Ended).await;
    worker.stop().await.unwrap();

    let steps = world.events("annals.process.fulfilment", "1").await;
    let steps: Vec<_> = steps.iter().map(|step| step.id.to_string()).collect();
    let causes = world.shop.causes.lock().unwrap().clone();
    assert_eq!(causes.len(), 3, "reserved, authorized, shipped");
    for (command, cause) in &causes {
        assert_eq!((cause.tenant(), cause.correlation_id()), (Some("acme"), Some("7")));
        assert_eq!((cause.trace(), cause.actor()), (Some(&trace), None), "{command:?}");
        let step = cause.causation_id().unwrap();
        assert!(steps.iter().any(|known| known == step), "{command:?} is asked for by a step");
    }
    // What is appended meanwhile has the same.
    let reserved = world.events("stock", "apple").await.pop().unwrap();
    assert_eq!(reserved.metadata, causes[0].1);
    let shipped = world.events("order", "1").await.pop().unwrap();
    assert_eq!(shipped.metadata, causes[2].1);
}

pub async fn a_key_that_names_no_instance_holds_up_nobody(world: World) {
    let worker = world.worker().await;
    world.receive("apple", 10).await;
    // The stream of the order has room for it, and that of the instance has not.
    world.place(&"1".repeat(500), "apple", 3).await;
    world.place("2", "apple", 3).await;
    world.until(&worker, "2", |overview| overview.book.phase == Phase::Ended).await;
    let parked = async || {
        let letters = worker.operations().letters(&LetterQuery::all()).await.unwrap();
        letters.iter().any(|letter| letter.reason.as_ref().is_some_and(|why| why.contains("512")))
    };
    while !parked().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.stop().await.unwrap();
}

pub async fn many_orders_share_scarce_stock(world: World) {
    // So many at once meet on one stream, which counts as tries: none is to be given up.
    let patient = || ProcessOptions::new().other_kinds(CallOptions::new().attempts(100));
    let first = world.worker_with(patient()).await;
    let second = world.worker_with(patient()).await;
    world.receive("apple", 60).await;
    let place = |order: usize| {
        let world = world.clone();
        async move { world.place(&order.to_string(), "apple", 1).await }
    };
    futures::future::join_all((0..100).map(place)).await;
    let mut shipped = 0;
    for order in 0..100 {
        let order = order.to_string();
        world.until(&first, &order, |overview| overview.book.phase == Phase::Ended).await;
        shipped += usize::from(world.became(&order).await == [OrderEvent::Shipped]);
    }
    assert_eq!(shipped, 60);
    let stock = world.shop.stock.load("apple").await.unwrap().state;
    assert_eq!((stock.free, stock.reserved.len()), (0, 60));
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}
