//! What the process remembers.

use annals::Event;
use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, Sku};
use crate::order::Line;

/// Stored as `fulfilment.begun` and so on, in the streams of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "fulfilment")]
pub(crate) enum FulfilmentEvent {
    Begun { order: OrderId, lines: Vec<Line>, cents: u64 },
    Reserved { sku: Sku },
}
