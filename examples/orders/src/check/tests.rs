//! What does not hold is found.

use annals::{Metadata, Repository};

use super::*;
use crate::ids::{OrderId, Sku};
use crate::order::{Cancel, Line, Order, OrderEvent, Place};
use crate::payment_service::{self, Behaviour};
use crate::serve::Serving;
use crate::shop::Shop;
use crate::steps::Steps;
use crate::stock::{Receive, StockEvent};

/// A shop, and the payment service that it calls.
struct World {
    storage: Storage,
    shop: Shop,
    steps: Steps,
    client: PaymentClient,
    _service: Serving,
}

fn ada() -> OrderId {
    OrderId::placed_under("ada")
}

fn tea() -> Line {
    Line { sku: "TEA".parse().unwrap(), quantity: 2 }
}

impl World {
    async fn new() -> Self {
        let any = ([127, 0, 0, 1], 0).into();
        let service = payment_service::routes(Behaviour::default());
        let service = Serving::start(any, service).await.unwrap();
        let client = PaymentClient::new(&service.url());
        let storage = Storage::memory();
        let shop = Shop::new(&storage.log);
        let steps = Steps::new(shop.clone(), client.clone());
        Self { storage, shop, steps, client, _service: service }
    }

    /// Five pieces, and an order that has what it needs.
    async fn with_order() -> Self {
        let world = Self::new().await;
        let (order, line, why) = (ada(), tea(), Metadata::new);
        world.shop.stock.execute(&line.sku, Receive { quantity: 5 }).await.unwrap();
        let place = Place { customer: "ada".into(), lines: vec![line.clone()], cents: 500 };
        world.shop.orders.execute(&order, place).await.unwrap();
        world.steps.reserve(order, &line, why()).await.unwrap();
        world.steps.authorize(order, 500, "authorize", why()).await.unwrap();
        world.steps.confirm(order, why()).await.unwrap();
        world
    }

    async fn feed(&self) {
        views::feed(self.storage.runner()).run_until_caught_up().await.unwrap();
    }

    /// The rules that do not hold.
    async fn broken(&self) -> Vec<&'static str> {
        self.feed().await;
        let books = self.client.payments().await.unwrap();
        let findings = check(&self.storage, &books).await.unwrap();
        assert_eq!(findings.len(), 11);
        findings.iter().filter(|finding| !finding.holds()).map(|finding| finding.rule).collect()
    }
}

const STUCK: &str = "every order ends, shipped or cancelled";
const UNDONE: &str = "every cancelled order is undone";
const GONE: &str = "every shipped order is paid and has left";

#[tokio::test]
async fn an_order_that_goes_all_the_way_is_as_it_must_be() {
    let world = World::with_order().await;
    let (steps, order, why) = (&world.steps, ada(), Metadata::new);
    assert_eq!(world.broken().await, [STUCK]);
    steps.dispatch(order, &[tea()], why()).await.unwrap();
    steps.ship(order, why()).await.unwrap();
    assert_eq!(world.broken().await, [GONE], "its goods are still there");
    steps.take(order, &tea().sku, why()).await.unwrap();
    assert_eq!(world.broken().await, Vec::<&str>::new());
}

#[tokio::test]
async fn an_order_that_is_cancelled_has_to_be_undone() {
    let world = World::with_order().await;
    let (steps, order, why) = (&world.steps, ada(), Metadata::new);
    steps.dispatch(order, &[tea()], why()).await.unwrap();
    steps.cancel(order, "changed his mind", why()).await.unwrap();
    assert_eq!(world.broken().await, [UNDONE]);
    steps.recall(order, why()).await.unwrap();
    assert_eq!(world.broken().await, [UNDONE], "money and goods");
    steps.release(order, &tea().sku, why()).await.unwrap();
    assert_eq!(world.broken().await, [UNDONE], "money");
    steps.void(order, "void", why()).await.unwrap();
    assert_eq!(world.broken().await, Vec::<&str>::new());
}

#[tokio::test]
async fn money_that_is_held_though_the_log_knows_of_none_is_found() {
    let world = World::new().await;
    world.client.authorize(ada(), 500, "by hand").await.unwrap();
    assert_eq!(world.broken().await, ["no payment and no step without an order"]);
    let place = Place { customer: "ada".into(), lines: vec![tea()], cents: 499 };
    world.shop.orders.execute(&ada(), place).await.unwrap();
    let cancel = Cancel { reason: "for a test".into() };
    world.shop.orders.execute(&ada(), cancel).await.unwrap();
    assert_eq!(world.broken().await, ["no payment and no step without an order", UNDONE]);
}

/// Events that no aggregate decides.
#[tokio::test]
async fn goods_that_are_sold_twice_are_found_also_if_it_was_mended_later() {
    let world = World::new().await;
    let order = ada();
    let goods: Sku = tea().sku;
    let reserved = StockEvent::Reserved { order, quantity: 7 };
    let events =
        [StockEvent::Received { quantity: 5 }, reserved, StockEvent::Received { quantity: 9 }];
    // The aggregate itself would panic on these.
    let mut facts = Facts::default();
    let given = events.map(|event| ("stock-TEA", ShopEvent::from(event)));
    let given = annals_projections::testing::given_events(given);
    given.events().iter().for_each(|event| facts.add(event));
    let findings = rules::all(&facts, &[]);
    let twice = findings.iter().find(|finding| finding.rule == "no stock is sold twice").unwrap();
    assert_eq!(twice.broken, [format!("2 pieces of {goods} too many")]);
    drop(world);
}

#[tokio::test]
async fn views_that_are_behind_are_found() {
    let world = World::with_order().await;
    world.feed().await;
    let orders: &Repository<Order> = &world.shop.orders;
    orders.update(&ada(), |_| OrderEvent::Shipped).await.unwrap();
    let books = world.client.payments().await.unwrap();
    let findings = check(&world.storage, &books).await.unwrap();
    let broken: Vec<_> =
        findings.iter().filter(|finding| !finding.holds()).map(|finding| finding.rule).collect();
    assert_eq!(
        broken,
        [
            GONE,
            "the pages of orders are a fresh replay",
            "the counts are a fresh replay",
            "each view has taken each event of the log",
        ]
    );
}
