//! A shop in memory, and a payment service behind a real socket.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use annals_processes::{CallOptions, Calls, CircuitState};

use super::super::{Circuits, Work};
use super::traffic::Traffic;
use crate::check;
use crate::fulfilment::{breaker, options, payment};
use crate::ids::{OrderId, Sku};
use crate::order::{Line, Phase, Place};
use crate::payment_service::{self, Behaviour, Entry, PaymentClient};
use crate::serve::Serving;
use crate::shop::Shop;
use crate::stock::Receive;
use crate::storage::Storage;
use crate::views;

/// Longer than any test takes.
pub(super) const LONG: Duration = Duration::from_secs(3_600);
/// Slow machines may take so long for what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct World {
    pub(super) traffic: Traffic,
    storage: Storage,
    pub(super) shop: Shop,
    payments: PaymentClient,
    service: Serving,
}

impl World {
    /// A shop with tea and no cups.
    pub(super) async fn open(behaviour: Behaviour) -> Self {
        let (traffic, service) = Traffic::watch(payment_service::routes(behaviour));
        let service = Serving::start(([127, 0, 0, 1], 0).into(), service).await.unwrap();
        let storage = Storage::memory();
        let shop = Shop::new(&storage.log);
        shop.stock.execute(&tea(), Receive { quantity: 1_000 }).await.unwrap();
        let payments = PaymentClient::new(&service.url()).patience(LONG);
        Self { traffic, storage, shop, payments, service }
    }

    /// A client that waits no longer than this for an answer.
    pub(super) fn patience(self, patience: Duration) -> Self {
        Self { payments: self.payments.patience(patience), ..self }
    }

    /// The worker of the shop, but for how it calls the payment service.
    pub(super) async fn worker(&self, calls: CallOptions) -> Work {
        let options = options().kind("payment", calls);
        Work::within(options, &self.storage, self.payments.clone()).await.unwrap()
    }

    pub(super) async fn behave(&self, behaviour: &Behaviour) {
        let url = format!("{}/admin/behaviour", self.service.url());
        let told = reqwest::Client::new().put(url).json(behaviour).send().await.unwrap();
        assert!(told.status().is_success());
    }

    /// Places orders, one for each number.
    pub(super) async fn place(&self, numbers: std::ops::Range<u32>, goods: &[Sku]) -> Vec<OrderId> {
        let line = |sku: &Sku| Line { sku: sku.clone(), quantity: 2 };
        let mut orders = Vec::new();
        for number in numbers {
            let order = OrderId::placed_under(&number.to_string());
            let lines = goods.iter().map(line).collect();
            let place = Place { customer: "ada".to_owned(), lines, cents: 500 };
            self.shop.orders.execute(&order, place).await.unwrap();
            orders.push(order);
        }
        orders
    }

    /// Waits until every order has come so far.
    pub(super) async fn all(&self, orders: &[OrderId], phase: Phase) {
        let began = Instant::now();
        for order in orders {
            while self.shop.orders.load(order).await.unwrap().state.phase != Some(phase) {
                assert!(began.elapsed() < PATIENCE, "{order} is never {phase:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Stops the worker, and looks into all books: everything holds, so many orders have their
    /// money held, and never was there more.
    pub(super) async fn ends_well(&self, work: Work, paid: usize) {
        work.stop().await.unwrap();
        views::feed(self.storage.runner()).run_until_caught_up().await.unwrap();
        check::tell(&self.storage, &self.payments).await.unwrap();
        let held = self.payments.payments().await.unwrap().into_iter().filter_map(|record| {
            match record.entry {
                Entry::Authorized { authorization, .. } => Some(authorization.0),
                _ => None,
            }
        });
        // The service numbers them: a number that is missing was held for nothing.
        let all: BTreeSet<_> = (1..=paid).map(|number| format!("auth-{number}")).collect();
        assert_eq!(held.collect::<BTreeSet<_>>(), all);
        let keys: BTreeSet<_> = self.traffic.seen().keys.into_iter().collect();
        assert_eq!(keys.len(), paid, "each order has one key, however often it asks");
    }
}

pub(super) fn tea() -> Sku {
    "TEA".parse().unwrap()
}

pub(super) fn cups() -> Sku {
    "CUP".parse().unwrap()
}

/// The calls of the shop, but for how long their circuit stays open.
pub(super) fn open_for(time: Duration) -> CallOptions {
    payment().breaker(breaker().open_for(time))
}

/// The calls of the payment service.
pub(super) fn calls(circuits: &Circuits) -> Calls {
    circuits.0.calls().into_iter().find(|calls| calls.kind == "payment").unwrap()
}

pub(super) fn is_open(circuits: &Circuits) -> bool {
    matches!(calls(circuits).circuit.unwrap().state, CircuitState::Open { .. })
}

/// Waits until something is so.
#[track_caller]
pub(super) fn until(what: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        while !what() {
            assert!(began.elapsed() < PATIENCE, "never: {caller}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
