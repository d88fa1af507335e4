//! What the process asks for, and what that brings back.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, Sku};
use crate::order::Line;

/// A step of an order, or what undoes one. The log keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    Reserve { order: OrderId, line: Line },
    Release { order: OrderId, sku: Sku },
    Authorize { order: OrderId, cents: u64 },
    Void { order: OrderId },
    Confirm { order: OrderId },
    Dispatch { order: OrderId, lines: Vec<Line> },
    Recall { order: OrderId },
    Ship { order: OrderId },
    Take { order: OrderId, sku: Sku },
    Cancel { order: OrderId, reason: String },
}

impl Ask {
    /// As it is called in traces.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Reserve { .. } => "reserve",
            Self::Release { .. } => "release",
            Self::Authorize { .. } => "authorize",
            Self::Void { .. } => "void",
            Self::Confirm { .. } => "confirm",
            Self::Dispatch { .. } => "dispatch",
            Self::Recall { .. } => "recall",
            Self::Ship { .. } => "ship",
            Self::Take { .. } => "take",
            Self::Cancel { .. } => "cancel",
        }
    }
}

/// What came of it, where that is not the same each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Done,
    /// There were not so many pieces.
    SoldOut,
    /// The payment service has refused.
    Refused {
        reason: String,
    },
}
