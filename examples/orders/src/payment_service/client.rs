//! The payment service, as the shop calls it.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};

use super::{Answer, Asked, Record};
use crate::ids::{AuthorizationId, OrderId};
use crate::telemetry;

/// How long a call takes at most, with the connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// A clone is another handle to the same connections.
#[derive(Debug, Clone)]
pub(crate) struct PaymentClient {
    http: Client,
    base: String,
    patience: Duration,
}

impl PaymentClient {
    /// The service under `base`, such as `http://127.0.0.1:8090`.
    pub(crate) fn new(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { http: Client::new(), base, patience: PATIENCE }
    }

    /// Lets a call take another time than two seconds.
    #[cfg(test)]
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Has the money of an order held. Under the same key it is held once.
    ///
    /// # Errors
    /// See [`PaymentError`]. A call that is dropped is as doubtful as one without an
    /// answer.
    pub(crate) async fn authorize(
        &self,
        order: OrderId,
        cents: u64,
        key: &str,
    ) -> Result<AuthorizationId, PaymentError> {
        match self.ask("authorizations", &Asked::Authorize { order, cents }, key).await? {
            Answer::Authorized { authorization } => Ok(authorization),
            Answer::Refused { reason } => Err(PaymentError::Refused { reason }),
            Answer::Voided => Err(PaymentError::Broken { status: StatusCode::OK.as_u16() }),
        }
    }

    /// Lets the money of an order go, whether any is held or not: nothing is held for it
    /// from then on.
    ///
    /// # Errors
    /// See [`PaymentError`].
    pub(crate) async fn void(&self, order: OrderId, key: &str) -> Result<(), PaymentError> {
        match self.ask("voids", &Asked::Void { order }, key).await? {
            Answer::Voided => Ok(()),
            Answer::Refused { reason } => Err(PaymentError::Refused { reason }),
            Answer::Authorized { .. } => {
                Err(PaymentError::Broken { status: StatusCode::OK.as_u16() })
            }
        }
    }

    /// Everything in the books.
    ///
    /// # Errors
    /// See [`PaymentError`].
    pub(crate) async fn payments(&self) -> Result<Vec<Record>, PaymentError> {
        let call = self.http.get(format!("{}/payments", self.base)).timeout(self.patience);
        Ok(call.send().await.map_err(lost)?.json().await?)
    }

    async fn ask(&self, path: &str, asked: &Asked, key: &str) -> Result<Answer, PaymentError> {
        let call = self.http.post(format!("{}/{path}", self.base)).timeout(self.patience);
        let call = call.header("Idempotency-Key", key).json(asked);
        let call = match telemetry::current() {
            Some(trace) => call.header("traceparent", trace.traceparent()),
            None => call,
        };
        read(call.send().await.map_err(lost)?).await
    }
}

/// Without a connection, nothing was asked; with one, nobody knows.
fn lost(error: reqwest::Error) -> PaymentError {
    let error = error.without_url();
    if error.is_connect() {
        PaymentError::Unreachable(error)
    } else {
        PaymentError::Doubtful(error)
    }
}

async fn read(response: Response) -> Result<Answer, PaymentError> {
    let status = response.status();
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Err(PaymentError::Busy),
        _ if status.is_success() || status == StatusCode::PAYMENT_REQUIRED => {
            Ok(response.json().await?)
        }
        _ if status.is_client_error() => Err(PaymentError::Broken { status: status.as_u16() }),
        _ => match response.error_for_status() {
            Err(error) => Err(PaymentError::Doubtful(error.without_url())),
            Ok(_) => Err(PaymentError::Broken { status: status.as_u16() }),
        },
    }
}

/// Why there is no answer that helps, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    /// The service has decided. Asking again brings the same answer.
    #[error("the payment service refuses: {reason}")]
    Refused { reason: String },
    /// Nothing was done. Ask again.
    #[error("the payment service is not reached: ask again")]
    Unreachable(#[source] reqwest::Error),
    /// Nothing was done. Ask again.
    #[error("the payment service has no time: ask again")]
    Busy,
    /// It may have been done. Ask again under the same key, or void.
    #[error(
        "nobody knows whether the payment service has done it: ask again under the same key, or \
         void the payment"
    )]
    Doubtful(#[from] reqwest::Error),
    /// The service and this code do not understand each other. Somebody has to look.
    #[error("the payment service does not understand, with status {status}: look at both codes")]
    Broken { status: u16 },
}

impl PaymentError {
    /// Whether nothing was done, and the same call may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy)
    }

    /// Whether it may have been done.
    pub(crate) fn is_doubtful(&self) -> bool {
        matches!(self, Self::Doubtful(_))
    }
}
