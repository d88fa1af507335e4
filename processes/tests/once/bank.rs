//! Who carries the commands out. How the bank answers depends on the order alone, so that a
//! call which comes again is answered as before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::{AnyStore, Repository};
use annals_processes::{Call, Executor, Failure};
use tokio::sync::watch;
use tokio::time::sleep;

use super::domain::{Answer, Ask, Order, OrderEvent, Reserve, Stock, StockEvent};
use super::life::Life;

/// What the bank has done, each by the key of the command, and for which order.
pub struct Bank {
    pub authorized: Mutex<BTreeMap<String, String>>,
    pub void: Mutex<BTreeMap<String, String>>,
    /// Every call, by its key.
    pub calls: Mutex<Vec<String>>,
    /// Whether those are answered that must wait for somebody.
    pub opens: watch::Sender<bool>,
}

impl Bank {
    pub fn new() -> Arc<Self> {
        let (authorized, void, calls) = Default::default();
        Arc::new(Self { authorized, void, calls, opens: watch::Sender::new(false) })
    }

    async fn authorize(&self, order: &str, call: &Call) -> Result<Answer, Failure> {
        let payment = call.key.as_str().to_owned();
        let done = || self.authorized.lock().unwrap().insert(payment.clone(), order.to_owned());
        match kind(order) {
            "refused" => return Err(Failure::refused("the card is not good")),
            "doubt" | "stuck" | "resumed" => {
                done();
                return Err(Failure::unknown("no answer"));
            }
            "slow" => {
                self.opens.subscribe().wait_for(|opens| *opens).await.unwrap();
            }
            "stopped" => sleep(Duration::from_millis(50)).await,
            _ => {}
        }
        done();
        Ok(Answer::Authorized { payment })
    }

    fn make_void(&self, order: &str, call: &Call) -> Result<Answer, Failure> {
        if matches!(kind(order), "stuck" | "resumed") && !*self.opens.borrow() {
            return Err(Failure::passing("come back later"));
        }
        self.void.lock().unwrap().insert(call.key.as_str().to_owned(), order.to_owned());
        Ok(Answer::Done)
    }
}

/// What stands in front of an order's number.
fn kind(order: &str) -> &str {
    order.split('-').next().unwrap_or_default()
}

/// The executor of one worker.
#[derive(Clone)]
pub struct Clerk {
    pub orders: Repository<Order>,
    pub stock: Repository<Stock>,
    pub bank: Arc<Bank>,
    pub life: Arc<Life>,
}

impl Clerk {
    pub fn new(log: &AnyStore, bank: &Arc<Bank>, life: &Arc<Life>) -> Self {
        Self {
            orders: Repository::new(log.clone()),
            stock: Repository::new(log.clone()),
            bank: bank.clone(),
            life: life.clone(),
        }
    }
}

impl Executor<Ask> for Clerk {
    type Reply = Answer;

    async fn execute(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        self.life.passes().await;
        let key = call.key.clone();
        self.bank.calls.lock().unwrap().push(key.as_str().to_owned());
        match command {
            Ask::Reserve { order, sku, quantity } => {
                let reserve = Reserve { order: order.clone(), quantity: *quantity };
                self.stock.execute(sku, reserve).idempotency_key(key).await?;
            }
            Ask::Release { order, sku } => {
                let released = StockEvent::Released { order: order.clone() };
                let release = |_: &Stock| released.clone();
                self.stock.update(sku, release).idempotency_key(key).await?;
            }
            Ask::Authorize { order, .. } => return self.bank.authorize(order, call).await,
            Ask::Void { order } => return self.bank.make_void(order, call),
            Ask::Ship { order } => {
                let ship = |_: &Order| OrderEvent::Shipped;
                self.orders.update(order, ship).idempotency_key(key).await?;
            }
            Ask::Cancel { order, reason } => {
                let cancel = |_: &Order| OrderEvent::Cancelled { reason: reason.clone() };
                self.orders.update(order, cancel).idempotency_key(key).await?;
            }
        }
        Ok(Answer::Done)
    }
}
