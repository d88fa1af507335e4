//! The whole log in one order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use futures::future::join_all;
use futures::stream::{Stream, StreamExt};
use time::OffsetDateTime;

use crate::store::{EventStore, EventStream, Filter, LogQuery};
use crate::{Partition, Position, RawEvent, ReadError};

/// Reads the log over all its partitions in one order: by time of recording,
/// then by partition, then by position.
///
/// The order agrees with that of every partition and of every stream, and the
/// time of recording never falls in it. A log with one partition is read in
/// the order of its positions. The read ends where the partitions ended when it
/// began; of an append over several partitions that is under way at that moment
/// it may see the events of some partitions only.
///
/// It holds one page of each partition. Dropping it leaves nothing behind.
///
/// # Errors
/// See [`ReadError`]; the stream ends behind the first one.
pub fn merged(store: &impl EventStore, filter: &Filter) -> EventStream {
    let read = |partition| {
        let query = LogQuery::partition(partition).filter(filter.clone());
        store.read_all(query)
    };
    in_one_order(store.log().partitions.iter().map(read).collect()).boxed()
}

type Place = (OffsetDateTime, Partition, Position);

/// Merges sources, each of which is in the order already.
pub(super) fn in_one_order(
    mut sources: Vec<EventStream>,
) -> impl Stream<Item = Result<RawEvent, ReadError>> + Send + 'static {
    async_stream::try_stream! {
        let mut heads = Heads::default();
        // All begin at once: what counts as the end is then nearly one moment.
        let first = join_all(sources.iter_mut().map(StreamExt::next)).await;
        for (source, event) in first.into_iter().enumerate() {
            heads.put(source, event.transpose()?);
        }
        while let Some((source, event)) = heads.take() {
            yield event;
            heads.put(source, sources[source].next().await.transpose()?);
        }
    }
}

/// The next event of every source that has one.
#[derive(Default)]
struct Heads {
    order: BinaryHeap<Reverse<(Place, usize)>>,
    events: Vec<Option<RawEvent>>,
}

impl Heads {
    fn put(&mut self, source: usize, event: Option<RawEvent>) {
        if self.events.len() <= source {
            self.events.resize(source + 1, None);
        }
        if let Some(event) = &event {
            let place = (event.recorded_at, event.partition, event.position);
            self.order.push(Reverse((place, source)));
        }
        self.events[source] = event;
    }

    fn take(&mut self) -> Option<(usize, RawEvent)> {
        let Reverse((_, source)) = self.order.pop()?;
        Some((source, self.events[source].take()?))
    }
}
