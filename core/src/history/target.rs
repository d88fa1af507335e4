//! What the log holds already, into which a history is imported.

use std::collections::{BTreeMap, HashMap};

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use super::ImportError;
use super::line::Placed;
use crate::store::{EventStore, LogQuery, StreamQuery};
use crate::{Checkpoint, EventId, Partition, Position, StreamId, Token, Version};

/// How many streams are looked up at a time.
const LOOKUPS: usize = 16;

/// The times at which the partitions of a log end.
pub(super) struct Ends(HashMap<Partition, OffsetDateTime>);

impl Ends {
    pub(super) async fn of(store: &impl EventStore) -> Result<Self, ImportError> {
        let mut ends = HashMap::new();
        for partition in store.log().partitions.iter() {
            let head = store.log_head(partition).await?.position().get();
            if head == 0 {
                continue;
            }
            let query = LogQuery::partition(partition).after(Position::new(head - 1));
            let last = std::pin::pin!(store.read_all(query.limit(1)));
            if let Some(event) = last.into_future().await.0.transpose()? {
                ends.insert(partition, event.recorded_at);
            }
        }
        Ok(Self(ends))
    }

    /// Whether the log holds nothing, so that nothing needs to be compared.
    pub(super) fn nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses events that are older than what the log holds.
    pub(super) fn check(
        &self,
        store: &impl EventStore,
        missing: &[Placed],
    ) -> Result<(), ImportError> {
        for placed in missing {
            let partition = store.log().partitions.of(&placed.stream);
            if self.0.get(&partition).is_some_and(|end| placed.recorded_at < *end) {
                return Err(ImportError::Interleaves { partition });
            }
        }
        Ok(())
    }
}

/// Refuses streams that begin in the middle, if the log does not hold what
/// comes before.
pub(super) async fn check_predecessors(
    store: &impl EventStore,
    batch: &[Placed],
) -> Result<(), ImportError> {
    for placed in batch {
        if !placed.begins || placed.version == Version::FIRST {
            continue;
        }
        let head = store.stream_head(&placed.stream).await?;
        let actual = head.map_or(Version::NONE, |head| head.version);
        if actual.next() < placed.version {
            return Err(ImportError::Predecessors {
                stream: placed.stream.clone(),
                version: placed.version,
                actual,
            });
        }
    }
    Ok(())
}

/// The events of the batch that the log does not hold; `reached` takes in the
/// places of the others.
pub(super) async fn missing(
    store: &impl EventStore,
    batch: Vec<Placed>,
    reached: &mut Token,
) -> Result<Vec<Placed>, ImportError> {
    let stored = stored(store, &batch).await?;
    let mut missing = Vec::new();
    for placed in batch {
        match stored.get(&(placed.stream.clone(), placed.version)) {
            None => missing.push(placed),
            Some((id, place)) if *id == placed.event.id => {
                *reached = std::mem::replace(reached, Token::empty(store.log().id)).with(*place);
            }
            Some(_) => {
                return Err(ImportError::Foreign {
                    stream: placed.stream,
                    version: placed.version,
                });
            }
        }
    }
    Ok(missing)
}

type Stored = HashMap<(StreamId, Version), (EventId, Checkpoint)>;

/// What the log holds at the versions of the batch.
async fn stored(store: &impl EventStore, batch: &[Placed]) -> Result<Stored, ImportError> {
    // The versions of a stream have no holes, so the first and the count do.
    let mut spans: BTreeMap<&StreamId, (Version, u64)> = BTreeMap::new();
    for placed in batch {
        let span = spans.entry(&placed.stream).or_insert((placed.version, 0));
        span.1 += 1;
    }
    let log = store.log().id;
    let mut reads = Vec::with_capacity(spans.len());
    for (stream, (first, events)) in spans {
        let query = StreamQuery::forwards(stream.clone());
        let read = store.read(query.from(first).limit(events));
        let place = move |event: crate::RawEvent| {
            let found = (event.id, event.checkpoint(log));
            ((event.stream, event.version), found)
        };
        reads.push(read.map_ok(place).try_collect::<Vec<_>>().boxed());
    }
    let found = stream::iter(reads).buffer_unordered(LOOKUPS);
    let found: Vec<_> = found.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
