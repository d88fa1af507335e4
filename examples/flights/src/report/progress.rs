//! How far a flight has come, as both lists of flights tell it to machines.

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::flight::{FlightId, Moment, Plan, Progress};

/// A flight as machines read it; moments are by the clock of its origin, delays
/// in minutes.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    id: &'a FlightId,
    carrier: &'a str,
    flight: &'a str,
    origin: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
    status: &'static str,
    departed: Option<Told>,
    arrived: Option<Told>,
}

#[derive(Serialize)]
struct Told {
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    delay: i64,
}

pub(super) fn record<'a>(flight: &'a FlightId, plan: &'a Plan, progress: Progress) -> Record<'a> {
    let told = |Moment { at, delay }: Moment| Told { at, delay };
    Record {
        id: flight,
        carrier: flight.carrier(),
        flight: flight.number(),
        origin: flight.origin(),
        plan,
        status: match progress {
            Progress::Waiting => "scheduled",
            Progress::Cancelled => "cancelled",
            Progress::Departed(_) => "departed",
            Progress::Arrived { .. } => "arrived",
            Progress::Lost { .. } => "no_arrival",
        },
        departed: progress.departed().map(told),
        arrived: progress.arrived().map(told),
    }
}
