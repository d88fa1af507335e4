//! The life of one aircraft.

use time::Duration;

use super::progress::record;
use super::{date_and_time, json, number, table, with_delay};
use crate::aircraft::Leg;
use crate::flight::Progress;

pub(crate) fn aircraft(tail: &str, legs: &[Leg], as_json: bool) -> String {
    if as_json {
        let records = legs.iter().map(|leg| record(&leg.flight, &leg.plan, leg.progress));
        return json(&records.collect::<Vec<_>>());
    }
    let mut table = table(["Scheduled", "Flight", "From", "To", "Departed", "Arrived"], &[]);
    for leg in legs {
        let (departed, arrived) = told(leg.progress);
        table.add_row([
            date_and_time(leg.plan.departure),
            number(&leg.flight),
            leg.flight.origin().to_owned(),
            leg.plan.destination.clone(),
            departed,
            arrived,
        ]);
    }
    let in_air: Duration = legs.iter().map(|leg| in_air(leg.progress)).sum();
    let minutes = in_air.whole_minutes();
    format!(
        "{}\n{tail}: {} flights, {} h {:02} min in the air. Times are New York's.\n",
        table.trim_fmt(),
        legs.len(),
        minutes / 60,
        minutes % 60
    )
}

/// The cells for departure and arrival.
fn told(progress: Progress) -> (String, String) {
    let departed = progress.departed().map(with_delay).unwrap_or_default();
    match progress {
        Progress::Waiting | Progress::Departed(_) => (departed, String::new()),
        Progress::Cancelled => ("cancelled".to_owned(), String::new()),
        Progress::Arrived { arrived, .. } => (departed, with_delay(arrived)),
        Progress::Lost { .. } => (departed, "no record".to_owned()),
    }
}

fn in_air(progress: Progress) -> Duration {
    match progress {
        Progress::Arrived { departed, arrived } => arrived.at - departed.at,
        _ => Duration::ZERO,
    }
}
