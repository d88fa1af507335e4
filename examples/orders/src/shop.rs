//! The aggregates of the shop, in one store.

use annals::{AnyStore, Repository};

use crate::order::Order;
use crate::payment::Payment;
use crate::shipment::Shipment;
use crate::stock::Stock;

/// Goods that are asked for all the time: their commands are decided one after the other
/// in memory, and committed together.
const HOT: usize = 1_000;

/// A clone is another handle to the same shop.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) orders: Repository<Order>,
    pub(crate) stock: Repository<Stock>,
    pub(crate) payments: Repository<Payment>,
    pub(crate) shipments: Repository<Shipment>,
}

impl Shop {
    pub(crate) fn new(log: &AnyStore) -> Self {
        Self {
            orders: Repository::new(log.clone()),
            stock: Repository::new(log.clone()).cache(HOT),
            payments: Repository::new(log.clone()),
            shipments: Repository::new(log.clone()),
        }
    }
}
