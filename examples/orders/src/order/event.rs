//! What happens to an order, as the log keeps it.

use annals::Event;
use serde::{Deserialize, Serialize};

use crate::ids::Sku;

/// Stored as `order.placed`, `order.confirmed` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "order")]
pub(crate) enum OrderEvent {
    Placed {
        customer: String,
        lines: Vec<Line>,
        cents: u64,
    },
    CancellationRequested,
    Confirmed,
    Shipped,
    /// It carries where the order stood, because who counts orders by their phase sees
    /// this event and nothing else.
    Cancelled {
        reason: String,
        was: Phase,
    },
}

/// So many of these goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: Sku,
    pub(crate) quantity: u32,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Placed,
    Confirmed,
    Shipped,
    Cancelled,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] =
        [Self::Placed, Self::Confirmed, Self::Shipped, Self::Cancelled];

    /// As it is written in events and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Confirmed => "confirmed",
            Self::Shipped => "shipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing happens to the order any more.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Shipped | Self::Cancelled)
    }
}

impl OrderEvent {
    /// The phase that it begins, if it begins one.
    pub(crate) fn phase(&self) -> Option<Phase> {
        match self {
            Self::Placed { .. } => Some(Phase::Placed),
            Self::CancellationRequested => None,
            Self::Confirmed => Some(Phase::Confirmed),
            Self::Shipped => Some(Phase::Shipped),
            Self::Cancelled { .. } => Some(Phase::Cancelled),
        }
    }

    /// The phase that it ends, if it ends one.
    pub(crate) fn ends(&self) -> Option<Phase> {
        match self {
            Self::Placed { .. } | Self::CancellationRequested => None,
            Self::Confirmed => Some(Phase::Placed),
            Self::Shipped => Some(Phase::Confirmed),
            Self::Cancelled { was, .. } => Some(*was),
        }
    }
}
