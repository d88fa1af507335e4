//! What things are found by. Each id has a type of its own, so that none is taken for
//! another.

mod order_id;
mod sku;

pub(crate) use order_id::OrderId;
pub(crate) use sku::{NotASku, Sku};

use serde::{Deserialize, Serialize};

/// Under what the payment service keeps an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AuthorizationId(pub(crate) String);
