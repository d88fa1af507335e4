//! The steps by which an order is fulfilled, and those which undo them, for who
//! orchestrates them.
//!
//! Every step may be taken any number of times, late, and after the step that undoes it;
//! it has its effect once or not at all. What came of it is always an event, whichever way
//! it went; an answer says the same each time.

#[cfg(test)]
mod tests;

use annals::{ExecuteError, Metadata};

use crate::ids::{OrderId, Sku};
use crate::order::{Cancel, Confirm, Line, Ship};
use crate::payment::{Authorize, Refusal, Refuse, Void};
use crate::payment_service::{PaymentClient, PaymentError};
use crate::shipment::{Dispatch, Recall};
use crate::shop::Shop;
use crate::stock::{Release, Reserve, Take};

/// A clone is another handle to the same shop and payment service.
#[derive(Debug, Clone)]
pub(crate) struct Steps {
    shop: Shop,
    payments: PaymentClient,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// It is too late for it, or never was time: no repeat changes that.
    #[error("the step is refused: {0}")]
    Refused(String),
    /// It may have been taken or not. Take the same step again, under the same key.
    #[error("the step was not taken, or nobody knows: take it again")]
    Again(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody has to look.
    #[error("the step fails")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

type Taken = Result<(), StepError>;

/// How a reservation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    Kept,
    SoldOut,
}

/// What the payment service has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorized {
    Held,
    Refused { reason: String },
}

impl Steps {
    pub(crate) fn new(shop: Shop, payments: PaymentClient) -> Self {
        Self { shop, payments }
    }

    /// `stock.reserved`, or `stock.sold_out`.
    pub(crate) async fn reserve(
        &self,
        order: OrderId,
        line: &Line,
        why: Metadata,
    ) -> Result<Reserved, StepError> {
        let reserve = Reserve { order, quantity: line.quantity };
        let stock = self.shop.stock.execute(&line.sku, reserve).metadata(why).await?.state;
        Ok(if stock.is_sold_out(order) { Reserved::SoldOut } else { Reserved::Kept })
    }

    /// `stock.released`: undoes `reserve`, also one that is still on its way.
    pub(crate) async fn release(&self, order: OrderId, sku: &Sku, why: Metadata) -> Taken {
        self.shop.stock.execute(sku, Release { order }).metadata(why).await?;
        Ok(())
    }

    /// `stock.taken`, of what is reserved; nothing undoes it.
    pub(crate) async fn take(&self, order: OrderId, sku: &Sku, why: Metadata) -> Taken {
        self.shop.stock.execute(sku, Take { order }).metadata(why).await?;
        Ok(())
    }

    /// `payment.authorized`, or `payment.refused`. The `key` is that of the payment
    /// service: the same one for each repeat of this step.
    pub(crate) async fn authorize(
        &self,
        order: OrderId,
        cents: u64,
        key: &str,
        why: Metadata,
    ) -> Result<Authorized, StepError> {
        let payments = &self.shop.payments;
        match self.payments.authorize(order, cents, key).await {
            Ok(authorization) => {
                let authorize = Authorize { authorization, cents };
                payments.execute(&order, authorize).metadata(why).await.map_err(recorded)?;
                Ok(Authorized::Held)
            }
            Err(PaymentError::Refused { reason }) => {
                let refuse = Refuse { reason: reason.clone() };
                payments.execute(&order, refuse).metadata(why).await.map_err(recorded)?;
                Ok(Authorized::Refused { reason })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// `payment.voided`: undoes `authorize`, also one whose answer was lost.
    pub(crate) async fn void(&self, order: OrderId, key: &str, why: Metadata) -> Taken {
        self.payments.void(order, key).await?;
        self.shop.payments.execute(&order, Void).metadata(why).await?;
        Ok(())
    }

    /// `shipment.dispatched`.
    pub(crate) async fn dispatch(&self, order: OrderId, lines: &[Line], why: Metadata) -> Taken {
        let dispatch = Dispatch { lines: lines.to_vec() };
        self.shop.shipments.execute(&order, dispatch).metadata(why).await?;
        Ok(())
    }

    /// `shipment.recalled`: undoes `dispatch`.
    pub(crate) async fn recall(&self, order: OrderId, why: Metadata) -> Taken {
        self.shop.shipments.execute(&order, Recall).metadata(why).await?;
        Ok(())
    }

    /// `order.confirmed`; refused where the customer wants it no more.
    pub(crate) async fn confirm(&self, order: OrderId, why: Metadata) -> Taken {
        self.shop.orders.execute(&order, Confirm).metadata(why).await?;
        Ok(())
    }

    /// `order.shipped`, from where nothing goes back; refused where the customer wants it
    /// no more.
    pub(crate) async fn ship(&self, order: OrderId, why: Metadata) -> Taken {
        self.shop.orders.execute(&order, Ship).metadata(why).await?;
        Ok(())
    }

    /// `order.cancelled`, when everything is undone.
    pub(crate) async fn cancel(&self, order: OrderId, reason: &str, why: Metadata) -> Taken {
        let cancel = Cancel { reason: reason.to_owned() };
        self.shop.orders.execute(&order, cancel).metadata(why).await?;
        Ok(())
    }
}

/// A service that contradicts itself may hold money of which nobody knows: that is no refusal.
fn recorded(error: ExecuteError<Refusal>) -> StepError {
    match error.refusal() {
        Some(Refusal::Contradiction) => StepError::Broken(error.into()),
        _ => error.into(),
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<ExecuteError<E>> for StepError {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => Self::Refused(refusal.to_string()),
            // A repeat finds what was written, because each step happens once.
            error @ ExecuteError::Unknown(_) => Self::Again(error.into()),
            error if error.is_transient() => Self::Again(error.into()),
            error => Self::Broken(error.into()),
        }
    }
}

impl From<PaymentError> for StepError {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Refused { reason } => Self::Refused(reason),
            error if error.is_transient() || error.is_doubtful() => Self::Again(error.into()),
            error => Self::Broken(error.into()),
        }
    }
}
