//! The orders, from the newest to the oldest. Documents are read in the order of their
//! keys, so the key says when.

use std::fmt;
use std::str::FromStr;

use annals::{Recorded, StreamId};
use annals_projections::{Keys, View, ViewKey};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::OrderId;
use crate::order::OrderEvent;

/// Nothing but its key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newest {}

/// The place of an order: the later it was placed, the less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NewestFirst {
    until_the_end_of_time: u64,
    pub(crate) order: OrderId,
}

impl NewestFirst {
    fn new(order: OrderId, placed: OffsetDateTime) -> Self {
        let micros = placed.unix_timestamp_nanos() / 1_000;
        let micros = u64::try_from(micros).unwrap_or_default();
        Self { until_the_end_of_time: u64::MAX - micros, order }
    }
}

impl View for Newest {
    const NAME: &'static str = "newest_orders";
    type Key = NewestFirst;
    type Event = OrderEvent;

    fn keys(recorded: &Recorded<OrderEvent>) -> Keys<NewestFirst> {
        let key =
            |stream: &StreamId| Some(NewestFirst::new(OrderId::of(stream)?, recorded.recorded_at));
        match recorded.event {
            OrderEvent::Placed { .. } => key(&recorded.stream).into(),
            _ => Keys::none(),
        }
    }

    fn evolve(&mut self, _: &NewestFirst, _: &Recorded<OrderEvent>) {}
}

impl fmt::Display for NewestFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts are ordered as numbers are where all have the same length.
        write!(f, "{:020}.{}", self.until_the_end_of_time, self.order)
    }
}

impl FromStr for NewestFirst {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (time, order) = text.split_once('.').ok_or(NotAPlace)?;
        let until_the_end_of_time = time.parse().map_err(|_| NotAPlace)?;
        Ok(Self { until_the_end_of_time, order: order.parse().map_err(|_| NotAPlace)? })
    }
}

/// The text is not the place of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in the list: pass on `next` of the page before unchanged")]
pub(crate) struct NotAPlace;

impl ViewKey for NewestFirst {
    type Column = String;

    fn to_column(&self) -> String {
        self.to_string()
    }

    fn from_column(column: String) -> Option<Self> {
        column.parse().ok()
    }
}
