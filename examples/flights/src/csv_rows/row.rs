//! One row: what the schedule said, and what became of it.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::RowError;
use super::columns::Fields;
use crate::flight::{FlightId, Plan};

/// What `NA` means in these files: there is no value.
const ABSENT: &str = "NA";

/// One flight, as the file tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) id: FlightId,
    pub(crate) plan: Plan,
    pub(crate) outcome: Outcome,
}

/// What became of a flight; delays are in minutes, negative when early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Cancelled,
    Arrived {
        departure_delay: i64,
        minutes_in_air: i64,
        arrival_delay: i64,
    },
    /// It departed, and the file has no delay of its arrival.
    NoArrival {
        departure_delay: i64,
    },
}

impl Row {
    pub(super) fn parse(line: u64, fields: &Fields<'_>) -> Result<Self, RowError> {
        let date = date(fields)?;
        let number = number(fields, "flight", "a flight number")?;
        let (carrier, origin) = (fields.text("carrier"), fields.text("origin"));
        let id = FlightId::new(date, carrier, number, origin).ok_or_else(|| RowError::Codes {
            carrier: carrier.to_owned(),
            origin: origin.to_owned(),
        })?;
        let plan = Plan {
            departure: departure(fields, date)?,
            destination: present(fields, "dest")
                .ok_or_else(|| field(fields, "dest", "an airport"))?
                .to_owned(),
            aircraft: present(fields, "tailnum").map(str::to_owned),
        };
        let outcome = outcome(fields)?;
        Ok(Self { line, id, plan, outcome })
    }
}

fn date(fields: &Fields<'_>) -> Result<Date, RowError> {
    let year = number(fields, "year", "a year")?;
    let month = number::<u8>(fields, "month", "a month from 1 to 12")?;
    let month = Month::try_from(month).map_err(|_| field(fields, "month", "1 to 12"))?;
    let day = number(fields, "day", "a day of the month")?;
    Date::from_calendar_date(year, month, day)
        .map_err(|_| field(fields, "day", "a day of that month"))
}

/// The scheduled moment, by the airport's clock.
///
/// The file gives the scheduled hour twice: by the airport's clock, and as an
/// instant. The difference is the offset of the airport's clock on that day, so
/// that no time zone needs to be known here, nor when its summer begins.
fn departure(fields: &Fields<'_>, date: Date) -> Result<OffsetDateTime, RowError> {
    let hour = number::<u8>(fields, "hour", "an hour from 0 to 24")?;
    let minute = number::<u8>(fields, "minute", "a minute from 0 to 59")?;
    if hour > 24 || minute > 59 {
        let column = if hour > 24 { "hour" } else { "minute" };
        return Err(field(fields, column, "a time of the day"));
    }
    let instant = OffsetDateTime::parse(fields.text("time_hour"), &Rfc3339)
        .map_err(|_| field(fields, "time_hour", "an instant such as 2013-01-01T10:00:00Z"))?;
    let local = PrimitiveDateTime::new(date, Time::MIDNIGHT) + Duration::hours(hour.into());
    let ahead = local.assume_utc() - instant;
    // No clock on earth is further ahead of UTC, or behind it, than 14 hours.
    let offset = i32::try_from(ahead.whole_seconds())
        .ok()
        .filter(|seconds| seconds.abs() <= 14 * 3600)
        .and_then(|seconds| UtcOffset::from_whole_seconds(seconds).ok())
        .ok_or(RowError::Clocks { hours: ahead.whole_hours() })?;
    Ok(instant.to_offset(offset) + Duration::minutes(minute.into()))
}

/// A flight without `dep_time` was cancelled. One that departed has arrived if
/// it has an `arr_delay`; `arr_time` alone does not say that it arrived where it
/// was meant to.
fn outcome(fields: &Fields<'_>) -> Result<Outcome, RowError> {
    let contradiction = |given, missing| RowError::Contradiction { given, missing };
    let departure_delay = minutes(fields, "dep_delay")?;
    let arrival_delay = minutes(fields, "arr_delay")?;
    let minutes_in_air = minutes(fields, "air_time")?;
    if present(fields, "dep_time").is_none() {
        return match (departure_delay, arrival_delay) {
            (None, None) => Ok(Outcome::Cancelled),
            (Some(_), _) => Err(contradiction("dep_delay", "dep_time")),
            (None, Some(_)) => Err(contradiction("arr_delay", "dep_time")),
        };
    }
    let departure_delay = departure_delay.ok_or_else(|| contradiction("dep_time", "dep_delay"))?;
    match (arrival_delay, minutes_in_air) {
        (None, _) => Ok(Outcome::NoArrival { departure_delay }),
        (Some(_), None) => Err(contradiction("arr_delay", "air_time")),
        (Some(arrival_delay), Some(minutes_in_air)) => {
            Ok(Outcome::Arrived { departure_delay, minutes_in_air, arrival_delay })
        }
    }
}

/// The minutes in a column, `None` where there are none.
fn minutes(fields: &Fields<'_>, column: &'static str) -> Result<Option<i64>, RowError> {
    present(fields, column)
        // Sixteen bits hold three weeks; whatever is more is a slip of a pen,
        // and would overflow the times that are computed from it.
        .map(|_| number::<i16>(fields, column, "whole minutes or NA").map(i64::from))
        .transpose()
}

/// The text of a column, `None` if it is empty or `NA`.
fn present<'a>(fields: &Fields<'a>, column: &str) -> Option<&'a str> {
    Some(fields.text(column)).filter(|text| !text.is_empty() && *text != ABSENT)
}

fn number<N: FromStr>(
    fields: &Fields<'_>,
    column: &'static str,
    expected: &'static str,
) -> Result<N, RowError> {
    let number = fields.text(column).parse();
    number.map_err(|_| field(fields, column, expected))
}

fn field(fields: &Fields<'_>, column: &'static str, expected: &'static str) -> RowError {
    RowError::Field { column, text: fields.text(column).to_owned(), expected }
}
