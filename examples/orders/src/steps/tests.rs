//! Each step is taken once, however often, late or out of order it comes.

use annals::EventStore;
use futures::TryStreamExt;

use super::*;
use crate::payment_service::{self, Behaviour};
use crate::serve::Serving;
use crate::storage::Storage;

struct World {
    steps: Steps,
    shop: Shop,
    storage: Storage,
    _service: Serving,
}

async fn world(behaviour: Behaviour) -> World {
    let any = ([127, 0, 0, 1], 0).into();
    let service = Serving::start(any, payment_service::routes(behaviour)).await.unwrap();
    let storage = Storage::memory();
    let shop = Shop::new(&storage.log);
    let steps = Steps::new(shop.clone(), PaymentClient::new(&service.url()));
    World { steps, shop, storage, _service: service }
}

impl World {
    /// The names of all events, in their order.
    async fn log(&self) -> Vec<String> {
        let all = annals::store::LogQuery::partition(annals::Partition::new(0));
        let events = self.storage.log.read_all(all);
        events.map_ok(|event| event.name.into_owned()).try_collect().await.unwrap()
    }
}

fn ada() -> OrderId {
    OrderId::placed_under("ada")
}

fn line() -> Line {
    Line { sku: "TEA".parse().unwrap(), quantity: 2 }
}

fn why() -> Metadata {
    Metadata::new()
}

#[tokio::test]
async fn undone_before_it_came_a_step_is_refused() {
    let World { steps, .. } = &world(Behaviour::default()).await;
    let (order, line) = (ada(), line());
    steps.release(order, &line.sku, why()).await.unwrap();
    steps.void(order, "void", why()).await.unwrap();
    steps.recall(order, why()).await.unwrap();
    for late in [
        steps.reserve(order, &line, why()).await.map(|_| ()),
        steps.authorize(order, 100, "authorize", why()).await.map(|_| ()),
        steps.dispatch(order, std::slice::from_ref(&line), why()).await,
    ] {
        assert!(matches!(late, Err(StepError::Refused(_))), "{late:?}");
    }
}

#[tokio::test]
async fn a_step_that_is_taken_again_leaves_nothing_new() {
    let world = world(Behaviour::default()).await;
    let (steps, order, line) = (&world.steps, ada(), line());
    let receive = crate::stock::Receive { quantity: 5 };
    world.shop.stock.execute(&line.sku, receive).await.unwrap();
    for _ in 0..3 {
        steps.reserve(order, &line, why()).await.unwrap();
        steps.authorize(order, 100, "authorize", why()).await.unwrap();
        steps.dispatch(order, std::slice::from_ref(&line), why()).await.unwrap();
        steps.take(order, &line.sku, why()).await.unwrap();
    }
    let log = [
        "stock.received",
        "stock.reserved",
        "payment.authorized",
        "shipment.dispatched",
        "stock.taken",
    ];
    assert_eq!(world.log().await, log);
}

#[tokio::test]
async fn a_refusal_of_the_payment_service_is_an_event() {
    let world = world(Behaviour { refuse: 1.0, ..Behaviour::default() }).await;
    world.steps.authorize(ada(), 100, "authorize", why()).await.unwrap();
    assert_eq!(world.log().await, ["payment.refused"]);
}

#[tokio::test]
async fn while_the_payment_service_fails_nothing_is_recorded_and_the_step_comes_again() {
    for behaviour in [
        Behaviour { fail: 1.0, ..Behaviour::default() },
        Behaviour { vanish: 1.0, ..Behaviour::default() },
    ] {
        let world = world(behaviour).await;
        let failed = world.steps.authorize(ada(), 100, "authorize", why()).await;
        assert!(matches!(failed, Err(StepError::Again(_))), "{failed:?}");
        let failed = world.steps.void(ada(), "void", why()).await;
        assert!(matches!(failed, Err(StepError::Again(_))), "{failed:?}");
        assert_eq!(world.log().await, Vec::<String>::new());
    }
}
