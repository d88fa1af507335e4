//! Which events a policy sees to, and in which order.

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{EventStore, ExpectedVersion, StreamId};
use annals_processes::PolicyOptions;
use futures::TryStreamExt;
use time::macros::datetime;

use super::domain::OrderEvent;
use super::world::World;

pub async fn whenever_something_happens_something_is_done(world: World) {
    let worker = world.worker().await;
    world.change("1", &["bread", "salt"]).await;
    world.orders.update("1", |_: &_| OrderEvent::LookedAt).await.unwrap();
    world.change("2", &["wine"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread", "salt"]);
    assert_eq!(world.office.bill("2").await, ["wine"]);
    worker.stop().await.unwrap();
}

pub async fn what_is_done_knows_its_cause(world: World) {
    let worker = world.worker().await;
    world.change("1", &["bread"]).await;
    worker.caught_up().await.unwrap();
    let first = |stream| {
        let mut events = world.log.read(StreamQuery::forwards(stream));
        async move { events.try_next().await.unwrap().unwrap() }
    };
    let cause = first(StreamId::new("order", "1").unwrap()).await;
    let effect = first(StreamId::new("bill", "1").unwrap()).await;
    assert_eq!(effect.metadata.causation_id(), Some(cause.id.to_string().as_str()));
    assert_eq!(*world.office.desk.cause.lock().unwrap(), effect.metadata, "the call says the same");
    worker.stop().await.unwrap();
}

pub async fn commands_of_a_key_are_carried_out_in_order(world: World) {
    let worker = world.worker().await;
    let mut lines = Vec::new();
    for nth in 0..20 {
        let both = [format!("{nth} slow"), format!("{nth}")];
        for order in ["1", "2", "3"] {
            world.change(order, &both.each_ref().map(String::as_str)).await;
        }
        lines.extend(both);
    }
    worker.caught_up().await.unwrap();
    for order in ["1", "2", "3"] {
        assert_eq!(world.office.bill(order).await, lines);
    }
    worker.stop().await.unwrap();
}

pub async fn keys_are_worked_on_side_by_side(world: World) {
    world.change("1", &["together"]).await;
    world.change("2", &["together"]).await;
    // Both are handed over at once; neither is done without the other.
    let worker = world.worker_with(PolicyOptions::new().from_beginning()).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["together"]);
    assert_eq!(world.office.bill("2").await, ["together"]);
    worker.stop().await.unwrap();
}

pub async fn what_happened_before_the_first_start_is_left_out(world: World) {
    world.change("1", &["bread"]).await;
    let worker = world.worker().await;
    world.change("1", &["salt"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["salt"]);
    worker.stop().await.unwrap();
}

pub async fn what_happened_before_is_seen_to_where_that_is_asked_for(world: World) {
    world.change("1", &["bread"]).await;
    let worker = world.worker_with(PolicyOptions::new().from_beginning()).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread"]);
    worker.stop().await.unwrap();
}

pub async fn what_happened_meanwhile_is_seen_to(world: World) {
    world.worker().await.stop().await.unwrap();
    world.change("1", &["bread"]).await;
    let worker = world.worker().await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["bread"]);
    worker.stop().await.unwrap();
}

pub async fn imported_events_are_left_out(world: World) {
    let changed = OrderEvent::Changed { lines: vec!["bread".to_owned()] };
    let mut event = NewEvent::encode(world.log.log().codec, &changed).unwrap();
    event.recorded_at = Some(datetime!(2024-01-01 0:00 UTC));
    let stream = StreamId::new("order", "1").unwrap();
    let import = Append::to(stream, ExpectedVersion::Any, vec![event]).imported();
    world.log.append(import).await.unwrap();
    let worker = world.worker_with(PolicyOptions::new().from_beginning()).await;
    world.change("1", &["salt"]).await;
    worker.caught_up().await.unwrap();
    assert_eq!(world.office.bill("1").await, ["salt"]);
    worker.stop().await.unwrap();
}
