//! Who is on time: a table per carrier, a view that is fed from the log.

use std::collections::BTreeMap;
use std::iter::Sum;

use annals::Recorded;
use annals_projections::{Keys, View, Views};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::flight::{FlightEvent, FlightId};
use crate::read_models;

/// A flight is on time if it arrives less than this many minutes late, as the
/// US Department of Transportation counts.
pub(crate) const ON_TIME_BELOW: i64 = 15;

/// Tallies by carrier code.
pub(crate) type Table = BTreeMap<String, Tally>;

/// Counts and sums, in whole flights and minutes; they can be compared exactly,
/// and means are taken from them last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) scheduled: u64,
    pub(crate) cancelled: u64,
    pub(crate) no_arrival: u64,
    pub(crate) departed: u64,
    /// Minutes, over those that departed.
    pub(crate) departure_delay: i64,
    pub(crate) arrived: u64,
    /// Minutes, over those that arrived.
    pub(crate) arrival_delay: i64,
    pub(crate) on_time: u64,
}

/// What the view has counted.
pub(crate) async fn table(views: &Views) -> Result<Table, Failure> {
    Ok(read_models::all::<Tally>(views).await?.into_iter().collect())
}

impl View for Tally {
    const NAME: &'static str = "punctuality";
    type Key = String;
    type Event = FlightEvent;

    fn keys(event: &Recorded<FlightEvent>) -> Keys<String> {
        // A stream with another id was not written by this program.
        let flight = event.stream.key().parse::<FlightId>().ok();
        flight.map(|flight| flight.carrier().to_owned()).into()
    }

    fn evolve(&mut self, _carrier: &String, event: &Recorded<FlightEvent>) {
        match event.event {
            FlightEvent::Scheduled(_) => self.scheduled += 1,
            FlightEvent::Cancelled => self.cancelled += 1,
            FlightEvent::ArrivalMissing => self.no_arrival += 1,
            FlightEvent::Departed { delay, .. } => {
                self.departed += 1;
                self.departure_delay += delay;
            }
            FlightEvent::Arrived { delay, .. } => {
                self.arrived += 1;
                self.arrival_delay += delay;
                self.on_time += u64::from(delay < ON_TIME_BELOW);
            }
        }
    }
}

impl Tally {
    /// The mean delay of departures, in minutes.
    pub(crate) fn mean_departure_delay(&self) -> Option<f64> {
        mean(self.departure_delay, self.departed)
    }

    /// The mean delay of arrivals, in minutes.
    pub(crate) fn mean_arrival_delay(&self) -> Option<f64> {
        mean(self.arrival_delay, self.arrived)
    }

    /// How many of 100 arrivals were on time.
    pub(crate) fn on_time_percent(&self) -> Option<f64> {
        mean(i64::try_from(self.on_time).ok()? * 100, self.arrived)
    }
}

/// `None` where nothing was counted.
#[expect(
    clippy::cast_precision_loss,
    reason = "minutes of all flights ever flown stay far below 2^53"
)]
fn mean(sum: i64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// The tally of several carriers together.
impl<'a> Sum<&'a Tally> for Tally {
    fn sum<I: Iterator<Item = &'a Tally>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |a, b| Self {
            scheduled: a.scheduled + b.scheduled,
            cancelled: a.cancelled + b.cancelled,
            no_arrival: a.no_arrival + b.no_arrival,
            departed: a.departed + b.departed,
            departure_delay: a.departure_delay + b.departure_delay,
            arrived: a.arrived + b.arrived,
            arrival_delay: a.arrival_delay + b.arrival_delay,
            on_time: a.on_time + b.on_time,
        })
    }
}
