//! The life of one aircraft: its flights by tail number, in order of time.

use annals::store::Filter;
use annals::{Aggregate, AnyStore, Repository, history};
use futures::TryStreamExt;

use crate::failure::Failure;
use crate::flight::{Flight, FlightEvent, FlightId, Plan, Progress, SCHEDULED};

/// A flight of the aircraft.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) flight: FlightId,
    pub(crate) plan: Plan,
    pub(crate) progress: Progress,
}

/// Finds the flights by the schedule, then asks each what became of it.
///
/// Only the events that name an aircraft are read from the log; a store
/// filters by name where the data are.
pub(crate) async fn life(store: &AnyStore, tail: &str) -> Result<Vec<Leg>, Failure> {
    let filter = Filter::all().category(Flight::CATEGORY).name(SCHEDULED);
    let mut schedule = history::events(store, &filter);
    let flights = Repository::<Flight>::new(store.clone());
    let mut legs = Vec::new();
    while let Some(recorded) = schedule.try_next().await? {
        let FlightEvent::Scheduled(plan) = recorded.event else {
            continue;
        };
        if plan.aircraft.as_deref() != Some(tail) {
            continue;
        }
        let flight: FlightId = recorded.stream.key().parse()?;
        let progress = flights.load(&flight).await?.state.progress;
        legs.push(Leg { flight, plan, progress });
    }
    if legs.is_empty() {
        return Err(Failure::UnknownAircraft(tail.to_owned()));
    }
    legs.sort_by_key(|leg| leg.plan.departure);
    Ok(legs)
}
