//! Rows into commands, in the order in which they would have come in.

use time::{Duration, OffsetDateTime};

use crate::csv_rows::{Outcome, Row};
use crate::flight::FlightCommand;

/// The file does not say when a flight was put on the schedule. A day before is
/// late for a schedule, and early enough for every departure to come after it.
const SCHEDULED_BEFORE: Duration = Duration::DAY;

/// Nor does it say when a missing arrival was noticed. A day after the
/// departure no flight is still in the air.
const GIVEN_UP_AFTER: Duration = Duration::DAY;

/// A command, and when it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) at: OffsetDateTime,
    /// Index of the row that it comes from.
    pub(crate) row: usize,
    pub(crate) command: FlightCommand,
}

/// The commands of all rows by time.
///
/// The sort is stable: what happened in the same minute stays in the order of
/// the file, and the commands of one flight in the order of its life.
pub(crate) fn messages(rows: &[Row]) -> Vec<Message> {
    let mut messages: Vec<_> =
        rows.iter().enumerate().flat_map(|(index, row)| life(index, row)).collect();
    messages.sort_by_key(|message| message.at);
    messages
}

/// What is said about one flight, from the schedule to its end.
///
/// Clock times in the file belong to different time zones and leave out the
/// date, so all moments are computed from the scheduled one: the departure by
/// its delay, the arrival by the time in the air. When a cancellation was
/// decided is not told either; at the scheduled moment it was known to all.
fn life(row: usize, of: &Row) -> impl Iterator<Item = Message> + use<> {
    let scheduled = of.plan.departure;
    let announced = scheduled - SCHEDULED_BEFORE;
    let schedule = (announced, FlightCommand::Schedule(of.plan.clone()));
    let depart = |delay| {
        let at = scheduled + Duration::minutes(delay);
        (at, FlightCommand::Depart { at })
    };
    let (next, last) = match of.outcome {
        Outcome::Cancelled => ((scheduled, FlightCommand::Cancel), None),
        Outcome::Arrived { departure_delay, minutes_in_air, arrival_delay: delay } => {
            let departure = depart(departure_delay);
            let at = departure.0 + Duration::minutes(minutes_in_air);
            (departure, Some((at, FlightCommand::Arrive { at, delay })))
        }
        Outcome::NoArrival { departure_delay } => {
            let departure = depart(departure_delay);
            let at = departure.0 + GIVEN_UP_AFTER;
            (departure, Some((at, FlightCommand::MissArrival)))
        }
    };
    [schedule, next].into_iter().chain(last).map(move |(at, command)| Message { at, row, command })
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;
    use crate::flight::{FlightId, Plan};

    fn row(number: u32, departure: OffsetDateTime, outcome: Outcome) -> Row {
        Row {
            line: 2,
            id: FlightId::new(date!(2013 - 01 - 12), "UA", number, "EWR").unwrap(),
            plan: Plan { departure, destination: "IAH".to_owned(), aircraft: None },
            outcome,
        }
    }

    #[test]
    fn commands_come_in_the_order_of_time_whatever_the_order_of_the_rows() {
        let evening = datetime!(2013-01-12 23:50 -5);
        let arrived =
            Outcome::Arrived { departure_delay: -10, minutes_in_air: 200, arrival_delay: -30 };
        let rows = [
            row(1, evening, arrived),
            row(2, datetime!(2013-01-12 23:40 -5), Outcome::Cancelled),
            row(3, evening, Outcome::NoArrival { departure_delay: 0 }),
        ];
        let told: Vec<_> =
            messages(&rows).into_iter().map(|message| (message.at, message.row)).collect();
        assert_eq!(
            told,
            [
                (datetime!(2013-01-11 23:40 -5), 1),
                (datetime!(2013-01-11 23:50 -5), 0),
                (datetime!(2013-01-11 23:50 -5), 2),
                (datetime!(2013-01-12 23:40 -5), 0),
                (datetime!(2013-01-12 23:40 -5), 1),
                (datetime!(2013-01-12 23:50 -5), 2),
                (datetime!(2013-01-13 03:00 -5), 0),
                (datetime!(2013-01-13 23:50 -5), 2),
            ]
        );
    }

    #[test]
    fn a_flight_with_no_time_in_the_air_still_departs_first() {
        let at = datetime!(2013-01-12 12:00 -5);
        let outcome = Outcome::Arrived { departure_delay: 0, minutes_in_air: 0, arrival_delay: 0 };
        let commands: Vec<_> =
            messages(&[row(1, at, outcome)]).into_iter().map(|message| message.command).collect();
        assert_eq!(commands[1], FlightCommand::Depart { at });
        assert_eq!(commands[2], FlightCommand::Arrive { at, delay: 0 });
    }
}
