//! Answers as tables for people, and as JSON for machines.

mod aircraft;
mod board;
mod progress;
mod punctuality;

use annals::Position;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) use aircraft::aircraft;
pub(crate) use board::board;
pub(crate) use punctuality::punctuality;

use crate::flight::{FlightId, Moment};
use crate::import::Totals;

/// One line about what was read and recorded.
pub(crate) fn totals(rows: usize, bad_rows: usize, totals: &Totals) -> String {
    let Totals { commands, events, refused, seconds } = totals;
    format!(
        "{} rows ({bad_rows} bad), {} commands ({refused} refused), {} events in {seconds:.2} s, {} events/s",
        grouped(&rows),
        grouped(commands),
        grouped(events),
        grouped(&totals.events_per_second()),
    )
}

/// One line about a log that an earlier run has made.
pub(crate) fn log_is_there(schema: &str, end: Position) -> String {
    format!(
        "the log in schema {schema} holds {} events already: nothing was added, the answer is \
         read from it; choose another --schema to read the file into a new log",
        grouped(&end.get())
    )
}

/// A table with a header, and with these columns of numbers to the right.
fn table<const N: usize>(header: [&str; N], numbers: &[usize]) -> Table {
    let line = LineStyle::new('─', '─', '─', '─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(line)).set_header(header);
    for index in numbers {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// JSON that ends its last line.
fn json(answer: &impl Serialize) -> String {
    // What is serialized here holds strings and numbers only, which do not fail.
    serde_json::to_string_pretty(answer).unwrap_or_default() + "\n"
}

/// Digits in groups of three, as in `27,004`.
pub(crate) fn grouped(number: &impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rounded to two places, as the JSON has its means.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// `UA 1545`, as a board shows it.
fn number(flight: &FlightId) -> String {
    format!("{} {}", flight.carrier(), flight.number())
}

/// The date and the time that a clock shows.
fn date_and_time(moment: OffsetDateTime) -> String {
    let minutes = format_description!("[year]-[month]-[day] [hour]:[minute]");
    moment.format(&minutes).unwrap_or_default()
}

/// The time that a clock shows.
fn clock(moment: OffsetDateTime) -> String {
    let minutes = format_description!("[hour]:[minute]");
    moment.format(&minutes).unwrap_or_default()
}

/// `05:17, 2 min late`.
fn with_delay(moment: Moment) -> String {
    let clock = clock(moment.at);
    match moment.delay {
        0 => format!("{clock}, on time"),
        late @ 1.. => format!("{clock}, {late} min late"),
        early => format!("{clock}, {} min early", -early),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [1, 999, 1_000, 27_004, 1_234_567].map(|number| grouped(&number));
        assert_eq!(texts, ["1", "999", "1,000", "27,004", "1,234,567"]);
    }

    #[test]
    fn delays_are_told_as_people_tell_them() {
        let at = datetime!(2013-01-12 18:05 -5);
        let told = [-3, 0, 20].map(|delay| with_delay(Moment { at, delay }));
        assert_eq!(told, ["18:05, 3 min early", "18:05, on time", "18:05, 20 min late"]);
    }
}
