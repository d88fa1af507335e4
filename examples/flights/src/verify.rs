//! The same table straight from the rows, and what differs from the log's.
//!
//! It shares no code with the way through the log: no commands, no events.

use std::fmt;

use crate::csv_rows::{Outcome, Row};
use crate::punctuality::{ON_TIME_BELOW, Table, Tally};

/// A carrier of whom the file and the log tell different things.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    carrier: String,
    file: Tally,
    log: Tally,
}

/// Counts the rows of the file.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    for row in rows {
        let tally = table.entry(row.id.carrier().to_owned()).or_default();
        tally.scheduled += 1;
        match row.outcome {
            Outcome::Cancelled => tally.cancelled += 1,
            Outcome::NoArrival { departure_delay } => {
                tally.departed += 1;
                tally.departure_delay += departure_delay;
                tally.no_arrival += 1;
            }
            Outcome::Arrived { departure_delay, arrival_delay, .. } => {
                tally.departed += 1;
                tally.departure_delay += departure_delay;
                tally.arrived += 1;
                tally.arrival_delay += arrival_delay;
                if arrival_delay < ON_TIME_BELOW {
                    tally.on_time += 1;
                }
            }
        }
    }
    table
}

/// Every carrier whose tallies differ; a carrier that is missing has an empty
/// one.
pub(crate) fn differences(file: &Table, log: &Table) -> Vec<Difference> {
    let tally = |table: &Table, carrier: &String| table.get(carrier).copied().unwrap_or_default();
    let mut carriers: Vec<_> = file.keys().chain(log.keys()).collect();
    carriers.sort();
    carriers.dedup();
    carriers
        .into_iter()
        .map(|carrier| Difference {
            carrier: carrier.clone(),
            file: tally(file, carrier),
            log: tally(log, carrier),
        })
        .filter(|difference| difference.file != difference.log)
        .collect()
}

/// Names what differs, and nothing else.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { carrier, file, log } = self;
        let differing: Vec<_> = named(file)
            .into_iter()
            .zip(named(log))
            .filter(|(file, log)| file != log)
            .map(|((what, file), (_, log))| format!("{what} {file} in the file, {log} in the log"))
            .collect();
        write!(f, "{carrier}: {}", differing.join("; "))
    }
}

fn named(tally: &Tally) -> [(&'static str, i128); 8] {
    [
        ("scheduled", tally.scheduled.into()),
        ("cancelled", tally.cancelled.into()),
        ("without an arrival", tally.no_arrival.into()),
        ("departed", tally.departed.into()),
        ("minutes of departure delay", tally.departure_delay.into()),
        ("arrived", tally.arrived.into()),
        ("minutes of arrival delay", tally.arrival_delay.into()),
        ("on time", tally.on_time.into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_or_a_carrier_too_many_is_a_difference() {
        let tally = |departure_delay| Tally {
            scheduled: 1,
            departed: 1,
            departure_delay,
            ..Tally::default()
        };
        let file = Table::from([("DL".into(), tally(3)), ("UA".into(), tally(5))]);
        let log = Table::from([("AA".into(), tally(1)), ("DL".into(), tally(4))]);
        let carriers: Vec<_> =
            differences(&file, &log).into_iter().map(|difference| difference.carrier).collect();
        assert_eq!(carriers, ["AA", "DL", "UA"]);
        assert_eq!(differences(&file, &file), []);
        assert_eq!(
            differences(&file, &log)[1].to_string(),
            "DL: minutes of departure delay 3 in the file, 4 in the log"
        );
    }
}
