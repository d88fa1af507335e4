//! Given events as a log, which a runner reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals::store::{
    After, Append, Appended, Delivery, DeliveryStream, Direction, EventStream, IdempotencyKey,
    LogInfo, LogQuery, Place, StreamHead, StreamQuery, Written,
};
use annals::{
    AppendError, Checkpoint, Conflict, EventStore, LogId, Partition, Position, RawEvent, ReadError,
    StreamId, Version,
};
use futures::{StreamExt, stream};
use time::OffsetDateTime;

/// A log of one partition that holds what it was given, and takes histories.
///
/// It is no store: nobody else writes to it, and it has no keys and no limits of its own.
#[derive(Debug, Clone)]
pub(super) struct GivenLog {
    info: LogInfo,
    events: Arc<Mutex<Vec<RawEvent>>>,
}

impl GivenLog {
    /// The events, at the positions in which they come.
    pub(super) fn new(id: LogId, events: Vec<RawEvent>) -> Self {
        let place = |(nth, event): (u64, RawEvent)| RawEvent {
            partition: Partition::FIRST,
            position: Position::new(nth),
            ..event
        };
        let events = (1..).zip(events).map(place).collect();
        Self { info: LogInfo::new(id), events: Arc::new(Mutex::new(events)) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RawEvent>> {
        // Nothing panics under the lock.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn events(&self) -> Vec<RawEvent> {
        self.lock().clone()
    }

    fn head(&self) -> Checkpoint {
        let start = Checkpoint::start(self.info.id, Partition::FIRST);
        self.lock().last().map_or(start, |event| event.checkpoint(self.info.id))
    }

    /// What a query reads.
    fn answer(&self, query: &LogQuery) -> Result<Vec<RawEvent>, ReadError> {
        let (partition, end) = (query.partition, self.head().position());
        if partition != Partition::FIRST {
            return Err(ReadError::NoSuchPartition { partition, partitions: 1 });
        }
        let events = self.lock();
        let after = match query.after {
            After::Position(position) => position,
            After::Checkpoint(checkpoint) => {
                let held = |event: &RawEvent| event.checkpoint(self.info.id) == checkpoint;
                let start = Checkpoint::start(self.info.id, partition);
                if checkpoint != start && !events.iter().any(held) {
                    return Err(ReadError::diverged(checkpoint));
                }
                checkpoint.position()
            }
        };
        if after > end {
            return Err(ReadError::BeyondEnd { partition, position: after, end });
        }
        let passes = |event: &&RawEvent| event.position > after && query.filter.passes(event);
        let most =
            query.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        Ok(events.iter().filter(passes).take(most).cloned().collect())
    }
}

impl EventStore for GivenLog {
    fn log(&self) -> &LogInfo {
        &self.info
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.check(&self.info.limits)?;
        let mut events = self.lock();
        let mut versions: HashMap<&StreamId, Version> = HashMap::new();
        for event in events.iter() {
            versions.insert(&event.stream, event.version);
        }
        let mut versions: HashMap<StreamId, Version> =
            versions.into_iter().map(|(stream, version)| (stream.clone(), version)).collect();
        let (mut new, mut writes) = (Vec::new(), Vec::new());
        for write in append.writes {
            let version = versions.entry(write.stream.clone()).or_insert(Version::NONE);
            if !write.expected.holds(*version) {
                let (expected, actual) = (write.expected, *version);
                return Err(Conflict { stream: write.stream, expected, actual }.into());
            }
            let count = write.events.len() as u64;
            for event in write.events {
                *version = version.next();
                let recorded_at = event.recorded_at.unwrap_or(super::FIRST_RECORDED);
                let place = Place {
                    version: *version,
                    partition: Partition::FIRST,
                    position: Position::new((events.len() + new.len()) as u64 + 1),
                    recorded_at,
                    origin: append.origin,
                };
                new.push(event.placed(write.stream.clone(), place));
            }
            // `check` refuses writes without events.
            writes.extend(new.last().map(|last: &RawEvent| Written {
                stream: last.stream.clone(),
                partition: last.partition,
                version: last.version,
                position: last.position,
                last: last.id,
                events: count,
            }));
        }
        let recorded_at = new.last().map_or(OffsetDateTime::UNIX_EPOCH, |last| last.recorded_at);
        events.extend(new);
        Ok(Appended::new(self.info.id, writes, recorded_at))
    }

    async fn outcome(
        &self,
        _: &StreamId,
        _: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        Ok(None)
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        let mut events = self.events();
        events.retain(|event| event.stream == query.stream);
        let from = query.from;
        if query.direction == Direction::Backwards {
            events.reverse();
            events.retain(|event| from.is_none_or(|from| event.version <= from));
        } else {
            events.retain(|event| from.is_none_or(|from| event.version >= from));
        }
        events.truncate(
            query.limit.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
        );
        stream::iter(events.into_iter().map(Ok)).boxed()
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        match self.answer(&query) {
            Ok(events) => stream::iter(events.into_iter().map(Ok)).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        let events = match self.answer(&query) {
            Ok(events) => events,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        let end = query.limit.is_none_or(|most| most > events.len() as u64);
        let events = stream::iter(events).map(|event| Ok(Delivery::Event(event)));
        if !end {
            return events.boxed();
        }
        // Nobody writes to it any more: there is nothing to wait for.
        let caught_up = stream::iter([Ok(Delivery::CaughtUp(self.head()))]);
        events.chain(caught_up).chain(stream::pending()).boxed()
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        let events = self.lock();
        let last = events.iter().rev().find(|event| event.stream == *stream);
        Ok(last.map(|event| StreamHead {
            version: event.version,
            position: event.position,
            event: event.id,
        }))
    }

    async fn log_head(&self, _: Partition) -> Result<Checkpoint, ReadError> {
        Ok(self.head())
    }
}
