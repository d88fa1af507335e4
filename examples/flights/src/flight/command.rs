//! What the airport may tell a flight to record.

use time::OffsetDateTime;

use super::Plan;

/// A message about one flight.
///
/// It carries its own times: `decide` knows no clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FlightCommand {
    /// It is put on the schedule.
    Schedule(Plan),
    /// It will not fly.
    Cancel,
    /// It left the gate.
    Depart { at: OffsetDateTime },
    /// It reached its destination, this many minutes behind the schedule.
    ///
    /// The delay is the airline's word. It cannot be computed here, because the
    /// schedule gives arrivals by the destination's clock.
    Arrive { at: OffsetDateTime, delay: i64 },
    /// Nobody waits for its arrival any longer.
    MissArrival,
}
