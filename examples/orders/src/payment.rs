//! The aggregate `Payment`: what the payment service has said about an order's money. It
//! stands under the id of its order. All of it is pure.

#[cfg(test)]
mod tests;

use annals::{Aggregate, Decide, Event};
use serde::{Deserialize, Serialize};

use crate::ids::{AuthorizationId, OrderId};

/// Stored as `payment.authorized` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "payment")]
pub(crate) enum PaymentEvent {
    Authorized { authorization: AuthorizationId, cents: u64 },
    Refused { reason: String },
    Voided,
}

/// What is known about the payment of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Payment {
    #[default]
    Open,
    Authorized(AuthorizationId),
    Refused,
    Voided,
}

impl Aggregate for Payment {
    const CATEGORY: &'static str = "payment";
    type Id = OrderId;
    type Event = PaymentEvent;

    fn evolve(&mut self, event: &PaymentEvent) {
        *self = match event {
            PaymentEvent::Authorized { authorization, .. } => {
                Self::Authorized(authorization.clone())
            }
            PaymentEvent::Refused { .. } => Self::Refused,
            PaymentEvent::Voided => Self::Voided,
        };
    }
}

/// The service holds the money.
#[derive(Debug, Clone)]
pub(crate) struct Authorize {
    pub(crate) authorization: AuthorizationId,
    pub(crate) cents: u64,
}

/// The service does not, and will not.
#[derive(Debug, Clone)]
pub(crate) struct Refuse {
    pub(crate) reason: String,
}

/// The service holds nothing for the order, and never will again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Void;

/// Why a word of the service is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the payment is void: an answer of the service came too late")]
    Voided,
    #[error("the payment service has said something else before: look at its books")]
    Contradiction,
}

impl Decide<Authorize> for Payment {
    type Error = Refusal;

    fn decide(&self, command: &Authorize) -> Result<Vec<PaymentEvent>, Refusal> {
        let Authorize { authorization, cents } = command;
        match self {
            Self::Open => {
                let authorization = authorization.clone();
                Ok(vec![PaymentEvent::Authorized { authorization, cents: *cents }])
            }
            Self::Authorized(known) if known == authorization => Ok(vec![]),
            Self::Authorized(_) | Self::Refused => Err(Refusal::Contradiction),
            Self::Voided => Err(Refusal::Voided),
        }
    }
}

impl Decide<Refuse> for Payment {
    type Error = Refusal;

    fn decide(&self, command: &Refuse) -> Result<Vec<PaymentEvent>, Refusal> {
        match self {
            Self::Open => Ok(vec![PaymentEvent::Refused { reason: command.reason.clone() }]),
            Self::Authorized(_) => Err(Refusal::Contradiction),
            Self::Refused => Ok(vec![]),
            Self::Voided => Err(Refusal::Voided),
        }
    }
}

impl Decide<Void> for Payment {
    type Error = Refusal;

    /// Also where nothing was authorized, as far as is known here: the answer to an
    /// authorization may have been lost.
    fn decide(&self, _: &Void) -> Result<Vec<PaymentEvent>, Refusal> {
        match self {
            Self::Voided => Ok(vec![]),
            Self::Open | Self::Authorized(_) | Self::Refused => Ok(vec![PaymentEvent::Voided]),
        }
    }
}
