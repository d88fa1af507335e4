//! Who carries the commands out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use annals::{AnyStore, Metadata, Repository};
use annals_processes::{Call, Executor, Failure};

use super::domain::{Answer, Ask, Order, OrderEvent, Reserve, Stock, StockEvent};

/// A payment service of which tests say how it answers.
#[derive(Default)]
pub struct Payments {
    /// What was authorized, by the key of the command, and for which order.
    pub authorized: BTreeMap<String, String>,
    /// Orders whose payments are void, or will be.
    pub void: Vec<String>,
    /// How often it was called.
    pub calls: usize,
    /// How it answers next; then well.
    pub script: Vec<Says>,
    /// How it answers to a void; then well.
    pub void_script: Vec<Says>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Says {
    Well,
    No,
    NotNow,
    /// It does what it was asked for, and does not answer.
    Nothing,
}

#[derive(Clone)]
pub struct Shop {
    pub orders: Repository<Order>,
    pub stock: Repository<Stock>,
    pub payments: Arc<Mutex<Payments>>,
    /// What each call was said to follow from.
    pub causes: Arc<Mutex<Vec<(Ask, Metadata)>>>,
}

impl Shop {
    pub fn new(log: &AnyStore) -> Self {
        Self {
            orders: Repository::new(log.clone()),
            stock: Repository::new(log.clone()),
            payments: Arc::default(),
            causes: Arc::default(),
        }
    }

    pub fn says(&self, script: impl IntoIterator<Item = Says>) {
        self.payments.lock().unwrap().script.extend(script);
    }

    pub fn says_to_a_void(&self, script: impl IntoIterator<Item = Says>) {
        self.payments.lock().unwrap().void_script.extend(script);
    }

    fn pay(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        let mut payments = self.payments.lock().unwrap();
        payments.calls += 1;
        let script = match command {
            Ask::Void { .. } => &mut payments.void_script,
            _ => &mut payments.script,
        };
        let says = if script.is_empty() { Says::Well } else { script.remove(0) };
        match says {
            Says::No => return Err(Failure::refused("the card is not good")),
            Says::NotNow => return Err(Failure::passing("come back later")),
            Says::Well | Says::Nothing => {}
        }
        let key = call.key.as_str().to_owned();
        let answer = match command {
            Ask::Authorize { order, .. } => {
                payments.authorized.insert(key.clone(), order.clone());
                Answer::Authorized { payment: key }
            }
            Ask::Void { order } => {
                payments.void.push(order.clone());
                Answer::Done
            }
            _ => Answer::Done,
        };
        if says == Says::Nothing { Err(Failure::unknown("no answer")) } else { Ok(answer) }
    }
}

impl Executor<Ask> for Shop {
    type Reply = Answer;

    async fn execute(&self, command: &Ask, call: &Call) -> Result<Answer, Failure> {
        let key = call.key.clone();
        self.causes.lock().unwrap().push((command.clone(), call.metadata.clone()));
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
            Ask::Authorize { .. } | Ask::Void { .. } => return self.pay(command, call),
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
