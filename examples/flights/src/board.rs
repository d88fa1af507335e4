//! The departure board as it stood at a moment of the airport's day.

use annals::store::Filter;
use annals::{Aggregate, AnyStore, At, Repository, history};
use futures::TryStreamExt;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::failure::Failure;
use crate::flight::{Flight, FlightEvent, FlightId, Plan, Progress, SCHEDULED};

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

/// Folds each flight of these hours to what was known of it at that moment.
pub(crate) async fn board(
    store: &AnyStore,
    at: PrimitiveDateTime,
    rows: usize,
) -> Result<Board, Failure> {
    let mut around = schedule_around(store, at).await?;
    let of = around.len();
    let nearest = around.first().ok_or(Failure::EmptyBoard(at))?;
    // The nearest flight knows the offset of the airport's clock on that day.
    let at = at.assume_offset(nearest.1.departure.offset());
    around.truncate(rows);
    around.sort_by(|(a_id, a), (b_id, b)| (a.departure, a_id).cmp(&(b.departure, b_id)));

    let flights = Repository::<Flight>::new(store.clone());
    let mut lines = Vec::with_capacity(around.len());
    for (flight, _) in around {
        let then = flights.load_at(&flight, At::OccurredAt(at)).await?.state;
        // A flight that was not on the schedule yet is not on the board.
        if let Some(plan) = then.plan {
            lines.push(Line { flight, plan, progress: then.progress });
        }
    }
    Ok(Board { at, lines, of })
}

/// The flights scheduled in the hours around that moment, the nearest first.
async fn schedule_around(
    store: &AnyStore,
    at: PrimitiveDateTime,
) -> Result<Vec<(FlightId, Plan)>, Failure> {
    let filter = Filter::all().category(Flight::CATEGORY).name(SCHEDULED);
    let mut schedule = history::events(store, &filter);
    let mut around = Vec::new();
    while let Some(recorded) = schedule.try_next().await? {
        let FlightEvent::Scheduled(plan) = recorded.event else {
            continue;
        };
        let ahead = local(plan.departure) - at;
        if (-BACK..=AHEAD).contains(&ahead) {
            around.push((recorded.stream.key().parse()?, plan));
        }
    }
    around.sort_by_key(|(_, plan)| (local(plan.departure) - at).abs());
    Ok(around)
}

/// What the airport's clock shows.
fn local(moment: OffsetDateTime) -> PrimitiveDateTime {
    PrimitiveDateTime::new(moment.date(), moment.time())
}
