//! The departure board as it stood at a moment of the airport's day.

use annals_projections::{Views, replay};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::failure::Failure;
use crate::flight::{Flight, FlightId, Plan, Progress};
use crate::read_models;
use crate::storage::Storage;

/// The board shows departures from so long ago ...
const BACK: Duration = Duration::hours(2);
/// ... to so far ahead.
const AHEAD: Duration = Duration::hours(6);

/// What the board shows.
#[derive(Debug)]
pub(crate) struct Board {
    /// The moment, by the airport's clock.
    pub(crate) at: OffsetDateTime,
    /// The flights that are nearest to it, by their scheduled departure.
    pub(crate) lines: Vec<Line>,
    /// How many flights there are in the hours around it.
    pub(crate) of: usize,
}

/// A flight on the board.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) flight: FlightId,
    pub(crate) plan: Plan,
    pub(crate) progress: Progress,
}

/// Folds the flights to what was known of them at that moment.
///
/// Which flights there are in these hours is read from the view as it is kept, and what
/// the board showed from the same view, replayed up to the moment.
pub(crate) async fn board(
    storage: &Storage,
    at: PrimitiveDateTime,
    rows: usize,
) -> Result<Board, Failure> {
    let mut around = schedule_around(&storage.views(), at).await?;
    let of = around.len();
    let nearest = around.first().ok_or(Failure::EmptyBoard(at))?;
    // The nearest flight knows the offset of the airport's clock on that day.
    let at = at.assume_offset(nearest.1.departure.offset());
    around.truncate(rows);
    around.sort_by(|(a_id, a), (b_id, b)| (a.departure, a_id).cmp(&(b.departure, b_id)));

    let then = replay::<Flight>(&storage.store).occurred_until(at).await?;
    let line = |(flight, _)| {
        // A flight that was not on the schedule yet is not on the board.
        let Flight { plan, progress } = then.get(&flight)?.clone();
        Some(Line { flight, plan: plan?, progress })
    };
    Ok(Board { at, lines: around.into_iter().filter_map(line).collect(), of })
}

/// The flights scheduled in the hours around that moment, the nearest first.
async fn schedule_around(
    views: &Views,
    at: PrimitiveDateTime,
) -> Result<Vec<(FlightId, Plan)>, Failure> {
    let flights = read_models::all::<Flight>(views).await?.into_iter();
    let planned = flights.filter_map(|(flight, state)| Some((flight, state.plan?)));
    let ahead = |plan: &Plan| local(plan.departure) - at;
    let mut around: Vec<_> =
        planned.filter(|(_, plan)| (-BACK..=AHEAD).contains(&ahead(plan))).collect();
    // Of two that are as near, the earlier one, whichever store has recorded it first.
    around.sort_by_key(|(_, plan)| (ahead(plan).abs(), plan.departure));
    Ok(around)
}

/// What the airport's clock shows.
fn local(moment: OffsetDateTime) -> PrimitiveDateTime {
    PrimitiveDateTime::new(moment.date(), moment.time())
}
