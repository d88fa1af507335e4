//! The table of punctuality.

use serde::Serialize;

use super::{grouped, json, rounded, table};
use crate::carriers;
use crate::punctuality::{Table, Tally};

/// A carrier as machines read it. Means are in minutes; they are `null` where
/// there is nothing to take them of.
#[derive(Serialize)]
struct Record<'a> {
    carrier: &'a str,
    name: Option<&'static str>,
    scheduled: u64,
    cancelled: u64,
    no_arrival: u64,
    mean_dep_delay: Option<f64>,
    mean_arr_delay: Option<f64>,
    on_time_pct: Option<f64>,
}

pub(crate) fn punctuality(tallies: &Table, as_json: bool) -> String {
    if as_json {
        let records: Vec<_> = tallies.iter().map(record).collect();
        return json(&records);
    }
    let header =
        ["", "Carrier", "Scheduled", "Cancelled", "No arrival", "Departure", "Arrival", "On time"];
    let mut table = table(header, &[2, 3, 4, 5, 6, 7]);
    for (carrier, tally) in tallies {
        let name = carriers::name(carrier).unwrap_or_default();
        table.add_row(cells(carrier, name, tally));
    }
    table.add_row(cells("", "All carriers", &tallies.values().sum()));
    format!(
        "{}\nDeparture and arrival: mean delay in minutes, negative when early. \
         On time: less than 15 minutes late, of those that arrived.\n",
        table.trim_fmt()
    )
}

fn cells(carrier: &str, name: &str, tally: &Tally) -> [String; 8] {
    let mean = |mean: Option<f64>| mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.2}"));
    [
        carrier.to_owned(),
        name.to_owned(),
        grouped(&tally.scheduled),
        grouped(&tally.cancelled),
        grouped(&tally.no_arrival),
        mean(tally.mean_departure_delay()),
        mean(tally.mean_arrival_delay()),
        mean(tally.on_time_percent()) + " %",
    ]
}

fn record<'a>((carrier, tally): (&'a String, &Tally)) -> Record<'a> {
    Record {
        carrier,
        name: carriers::name(carrier),
        scheduled: tally.scheduled,
        cancelled: tally.cancelled,
        no_arrival: tally.no_arrival,
        mean_dep_delay: tally.mean_departure_delay().map(rounded),
        mean_arr_delay: tally.mean_arrival_delay().map(rounded),
        on_time_pct: tally.on_time_percent().map(rounded),
    }
}
