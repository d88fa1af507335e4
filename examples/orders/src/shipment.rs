//! The aggregate `Shipment`: the parcel of an order. It stands under the id of its order.
//! All of it is pure.

#[cfg(test)]
mod tests;

use annals::{Aggregate, Decide, Event};
use serde::{Deserialize, Serialize};

use crate::ids::OrderId;
use crate::order::Line;

/// Stored as `shipment.dispatched` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "shipment")]
pub(crate) enum ShipmentEvent {
    Dispatched {
        lines: Vec<Line>,
    },
    /// It stays, or comes back.
    Recalled,
}

/// What is known about the parcel of an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shipment {
    #[default]
    Open,
    Dispatched,
    Recalled,
}

impl Aggregate for Shipment {
    const CATEGORY: &'static str = "shipment";
    type Id = OrderId;
    type Event = ShipmentEvent;

    fn evolve(&mut self, event: &ShipmentEvent) {
        *self = match event {
            ShipmentEvent::Dispatched { .. } => Self::Dispatched,
            ShipmentEvent::Recalled => Self::Recalled,
        };
    }
}

/// The parcel is made ready and handed to who carries it.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    pub(crate) lines: Vec<Line>,
}

/// It is not to arrive. This may come before the `Dispatch` that it undoes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recall;

/// What is not done with a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the shipment was recalled: it is not dispatched any more")]
    Recalled,
}

impl Decide<Dispatch> for Shipment {
    type Error = Refusal;

    fn decide(&self, command: &Dispatch) -> Result<Vec<ShipmentEvent>, Refusal> {
        match self {
            Self::Open => Ok(vec![ShipmentEvent::Dispatched { lines: command.lines.clone() }]),
            Self::Dispatched => Ok(vec![]),
            Self::Recalled => Err(Refusal::Recalled),
        }
    }
}

impl Decide<Recall> for Shipment {
    type Error = Refusal;

    fn decide(&self, _: &Recall) -> Result<Vec<ShipmentEvent>, Refusal> {
        match self {
            Self::Recalled => Ok(vec![]),
            Self::Open | Self::Dispatched => Ok(vec![ShipmentEvent::Recalled]),
        }
    }
}
