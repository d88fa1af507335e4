//! The id of an order.

use std::fmt;
use std::str::FromStr;

use annals::StreamId;
use annals_projections::ViewKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Keeps the ids that are made from keys apart from all others in the world. It never
/// changes: a repeat would make another order.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d0c_b42e_21f4_4c5b_9a52_7d3e_a3f1_6c08);

/// The id of an order, and of its payment and its shipment, which have streams of their
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OrderId(Uuid);

impl OrderId {
    /// The order that is placed under an idempotency key. Keys are remembered for each
    /// stream, so a repeat must find the stream of the first try.
    pub(crate) fn placed_under(key: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, key.as_bytes()))
    }

    /// The order of a stream whose key is that of an order.
    pub(crate) fn of(stream: &StreamId) -> Option<Self> {
        stream.key().parse().ok()
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OrderId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl ViewKey for OrderId {
    type Column = Uuid;

    fn to_column(&self) -> Uuid {
        self.0
    }

    fn from_column(column: Uuid) -> Option<Self> {
        Some(Self(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Clients repeat a key after an update of the server, too.
    #[test]
    fn the_order_of_a_key_is_pinned() {
        let order = OrderId::placed_under("key-1");
        assert_eq!(order.to_string(), "7a7bf34f-887a-5db6-bd50-61ae5d44174a");
        assert_ne!(order, OrderId::placed_under("key-2"));
    }
}
