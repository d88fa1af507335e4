//! The flights' part of the log, read from its beginning.

use annals::store::{Filter, LogQuery};
use annals::{AnyStore, DecodeError, EventStore, ReadError, Recorded};
use futures::{Stream, StreamExt};

use crate::flight::{FlightEvent, NotAFlightId};

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EventsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Id(#[from] NotAFlightId),
}

/// The events that pass the filter, one partition after the other. Each flight
/// lives in one partition, so its own events come in order.
pub(crate) fn read(
    store: &AnyStore,
    filter: &Filter,
) -> impl Stream<Item = Result<Recorded<FlightEvent>, EventsError>> {
    let partitions: Vec<_> = store
        .log()
        .partitions
        .iter()
        .map(|partition| store.read_all(LogQuery::partition(partition).filter(filter.clone())))
        .collect();
    futures::stream::iter(partitions)
        .flatten()
        .map(|raw| Ok(raw?.decode()?))
}
