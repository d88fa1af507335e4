//! What identifies a flight.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use time::Date;

/// Date, carrier, flight number and origin, as in `2013-01-01-UA-1545-EWR`.
///
/// No two flights share all four, and they are what every message about a
/// flight names; so the key needs no registry of its own. A clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FlightId(Arc<str>);

/// The text does not have the six parts of a flight's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a flight's id: expected one such as 2013-01-01-UA-1545-EWR")]
pub(crate) struct NotAFlightId(String);

impl FlightId {
    /// The id of these four. Carrier and origin hold no `-`; `None` if they do
    /// or are empty.
    pub(crate) fn new(date: Date, carrier: &str, number: u32, origin: &str) -> Option<Self> {
        let is_code = |text: &str| {
            !text.is_empty() && text.len() <= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        (is_code(carrier) && is_code(origin))
            .then(|| Self(format!("{date}-{carrier}-{number}-{origin}").into()))
    }

    pub(crate) fn carrier(&self) -> &str {
        self.part(2)
    }

    pub(crate) fn number(&self) -> &str {
        self.part(1)
    }

    pub(crate) fn origin(&self) -> &str {
        self.part(0)
    }

    /// The parts are counted from the end, because a date may begin with a `-`.
    fn part(&self, from_end: usize) -> &str {
        self.0.rsplit('-').nth(from_end).unwrap_or_default()
    }
}

/// Reads the key of a stream back.
impl FromStr for FlightId {
    type Err = NotAFlightId;

    fn from_str(text: &str) -> Result<Self, NotAFlightId> {
        if text.split('-').count() < 6 {
            return Err(NotAFlightId(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for FlightId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl serde::Serialize for FlightId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}
