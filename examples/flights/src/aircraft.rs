//! The life of one aircraft: its flights by tail number, in order of time.

use crate::failure::Failure;
use crate::flight::{Flight, FlightId, Plan, Progress};
use crate::storage::Storage;

/// A flight of the aircraft.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) flight: FlightId,
    pub(crate) plan: Plan,
    pub(crate) progress: Progress,
}

/// Finds the flights by the table of legs, then asks the view what became of each.
pub(crate) async fn life(storage: &Storage, tail: &str) -> Result<Vec<Leg>, Failure> {
    let flights = storage.legs(tail).await?;
    if flights.is_empty() {
        return Err(Failure::UnknownAircraft(tail.to_owned()));
    }
    let known = storage.views().get_many::<Flight>(&flights).await?;
    let leg = |(flight, Flight { plan, progress })| Some(Leg { flight, plan: plan?, progress });
    let mut legs: Vec<_> = known.into_iter().filter_map(leg).collect();
    legs.sort_by_key(|leg| leg.plan.departure);
    Ok(legs)
}
