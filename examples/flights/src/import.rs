//! Commands to the log, one after the other in the order of time.

use std::fmt;
use std::time::Instant;

use annals::{ExecuteError, Repository};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::csv_rows::Row;
use crate::failure::Failure;
use crate::flight::{Flight, FlightId, Refusal};
use crate::timeline;

/// What came of the commands.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) commands: usize,
    pub(crate) events: usize,
    pub(crate) refused: usize,
    pub(crate) seconds: f64,
}

impl Totals {
    /// The rate, in whole events.
    pub(crate) fn events_per_second(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people is not exact")]
        let rate = self.events as f64 / self.seconds.max(f64::EPSILON);
        format!("{rate:.0}")
    }
}

/// A message that cannot be true, with the row it comes from.
#[derive(Debug)]
pub(crate) struct Refused {
    line: u64,
    flight: FlightId,
    refusal: Refusal,
}

/// Executes the commands of all rows.
///
/// They run one at a time, as they would come in at an airport; a flight decides
/// each on what has been recorded of it until then. What a flight refuses is
/// reported and left out, or ends the import where the caller is `strict`.
pub(crate) async fn import(
    flights: &Repository<Flight>,
    rows: &[Row],
    strict: bool,
) -> Result<Totals, Failure> {
    let messages = timeline::messages(rows);
    let mut totals = Totals { commands: messages.len(), ..Totals::default() };
    let bar = progress(messages.len());
    let started = Instant::now();
    for message in bar.wrap_iter(messages.into_iter()) {
        let row = &rows[message.row];
        let done = flights.execute(&row.id, message.command).occurred_at(message.at).await;
        match done {
            Ok(done) => totals.events += done.events.len(),
            Err(ExecuteError::Refused(refusal)) => {
                let refused = Refused { line: row.line, flight: row.id.clone(), refusal };
                if strict {
                    return Err(Failure::Refused(refused));
                }
                totals.refused += 1;
                bar.suspend(|| eprintln!("refused: {refused}"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    totals.seconds = started.elapsed().as_secs_f64();
    Ok(totals)
}

/// A bar on stderr; none where stderr is no terminal.
fn progress(commands: usize) -> ProgressBar {
    // indicatif's own rate has four decimals, which nobody can read in passing.
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be drawn is no reason to end the import.
        let _ = write!(out, "{:.0}", state.per_sec());
    };
    let template = "{bar:40} {human_pos}/{human_len} commands, {rate}/s, {eta} left";
    // The template is right, as every run shows; were it not, a plain bar does.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate);
    ProgressBar::new(u64::try_from(commands).unwrap_or(u64::MAX)).with_style(style)
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, flight, refusal } = self;
        write!(f, "line {line}: flight {flight}: {refusal}")
    }
}
