//! What happens to a flight, as the log keeps it.

use annals::Event;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// Stored as `flight.scheduled`, `flight.departed` and so on.
///
/// Carrier, flight number and origin stand in the stream's id, which is on
/// every event; see [`FlightId`](super::FlightId).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "flight")]
pub(crate) enum FlightEvent {
    Scheduled(Plan),
    Cancelled,
    /// `delay` is in minutes, negative when early.
    Departed {
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
        delay: i64,
    },
    /// `delay` is in minutes, negative when early.
    Arrived {
        #[serde(with = "rfc3339")]
        at: OffsetDateTime,
        delay: i64,
    },
    ArrivalMissing,
}

/// What the schedule says about a flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// In the local time of the origin: its offset is the airport's, so that
    /// whoever reads the log can show the airport's clock.
    #[serde(with = "rfc3339")]
    pub(crate) departure: OffsetDateTime,
    pub(crate) destination: String,
    /// The tail number, where one is assigned.
    pub(crate) aircraft: Option<String>,
}
