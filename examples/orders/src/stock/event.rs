//! What happens to goods in stock, as the log keeps it.

use annals::Event;
use serde::{Deserialize, Serialize};

use crate::ids::OrderId;

/// Stored as `stock.received`, `stock.reserved` and so on. Each carries its quantity, so
/// that who counts pieces needs no other event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "stock")]
pub(crate) enum StockEvent {
    Received {
        quantity: u32,
    },
    Reserved {
        order: OrderId,
        quantity: u32,
    },
    /// There were not so many: nothing was reserved.
    SoldOut {
        order: OrderId,
        quantity: u32,
    },
    /// Of an order that had nothing reserved, it is 0 pieces.
    Released {
        order: OrderId,
        quantity: u32,
    },
    Taken {
        order: OrderId,
        quantity: u32,
    },
}

impl StockEvent {
    /// For which order; goods are received for all.
    pub(crate) fn order(&self) -> Option<OrderId> {
        match *self {
            Self::Received { .. } => None,
            Self::Reserved { order, .. }
            | Self::SoldOut { order, .. }
            | Self::Released { order, .. }
            | Self::Taken { order, .. } => Some(order),
        }
    }
}
