//! Commands to the log, those of each flight in the order of time.

use std::fmt;
use std::time::Instant;

use annals::{ExecuteError, Repository};
use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::csv_rows::Row;
use crate::failure::Failure;
use crate::flight::{Flight, FlightId, Refusal};
use crate::timeline::{self, Message};

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
/// They run as they would come in at an airport: those of one flight in the order of
/// time, each decided on what has been recorded of the flight until then; those of
/// up to `concurrent` flights at the same time. What a flight refuses is reported and
/// left out, or ends the import where the caller is `strict`.
pub(crate) async fn import(
    flights: &Repository<Flight>,
    rows: &[Row],
    concurrent: usize,
    strict: bool,
) -> Result<Totals, Failure> {
    let messages = timeline::messages(rows);
    let mut totals = Totals { commands: messages.len(), ..Totals::default() };
    let desk = Desk { flights, rows, strict, bar: progress(messages.len()) };
    let started = Instant::now();
    let lanes = lanes(messages, concurrent).into_iter().map(|lane| desk.run(lane));
    for lane in try_join_all(lanes).await? {
        totals.events += lane.events;
        totals.refused += lane.refused;
    }
    desk.bar.finish_and_clear();
    totals.seconds = started.elapsed().as_secs_f64();
    Ok(totals)
}

/// Deals the messages out to lanes, all of a flight to the same one, so that they
/// keep their order.
fn lanes(messages: Vec<Message>, count: usize) -> Vec<Vec<Message>> {
    let mut lanes = vec![Vec::new(); count.max(1)];
    for message in messages {
        let lane = message.row % lanes.len();
        lanes[lane].push(message);
    }
    lanes
}

/// What all lanes share.
struct Desk<'a> {
    flights: &'a Repository<Flight>,
    rows: &'a [Row],
    strict: bool,
    bar: ProgressBar,
}

impl Desk<'_> {
    /// Executes the commands of one lane, one after the other.
    async fn run(&self, messages: Vec<Message>) -> Result<Totals, Failure> {
        let mut totals = Totals::default();
        for message in messages {
            let row = &self.rows[message.row];
            let done = self.flights.execute(&row.id, message.command).occurred_at(message.at).await;
            self.bar.inc(1);
            match done {
                Ok(done) => totals.events += done.events.len(),
                Err(ExecuteError::Refused(refusal)) => {
                    let refused = Refused { line: row.line, flight: row.id.clone(), refusal };
                    if self.strict {
                        return Err(Failure::Refused(refused));
                    }
                    totals.refused += 1;
                    self.bar.suspend(|| eprintln!("refused: {refused}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(totals)
    }
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
