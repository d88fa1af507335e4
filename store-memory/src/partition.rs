//! One partition: its events in order, and where each stream's events stand.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use annals::store::{Appended, IdempotencyKey, StreamHead};
use annals::{
    AppendError, Checkpoint, EventId, LogId, Partition, Position, RawEvent, StreamId, Version,
};
use time::OffsetDateTime;
use tokio::sync::Notify;

/// Events live in segments of this many, so that growing never moves them: the
/// cost of an append does not depend on the size of the log.
const SEGMENT: usize = 1024;

/// A partition's state, and a bell for those who follow it.
#[derive(Default)]
pub(crate) struct PartitionLog {
    /// A std mutex: it is never held across an await, and the work under it
    /// takes less than a task switch.
    state: Mutex<State>,
    pub(crate) grown: Notify,
}

impl PartitionLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic half-way: every check is made before
        // the first change. So a poisoned lock still guards a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
pub(crate) struct State {
    segments: Vec<Vec<RawEvent>>,
    /// The indexes of each stream's events, in order of version.
    streams: HashMap<StreamId, Vec<usize>, RandomState>,
    outcomes: HashMap<(StreamId, String), (IdempotencyKey, Appended)>,
    /// The greatest time of recording so far.
    pub(crate) recorded_at: Option<OffsetDateTime>,
}

impl State {
    /// How many events there are: the index of the next one. The event at index
    /// `i` stands at position `i + 1`.
    pub(crate) fn len(&self) -> usize {
        self.segments.last().map_or(0, |last| (self.segments.len() - 1) * SEGMENT + last.len())
    }

    pub(crate) fn end(&self) -> Position {
        Position::new(self.len() as u64)
    }

    pub(crate) fn event(&self, index: usize) -> Option<&RawEvent> {
        self.segments.get(index / SEGMENT)?.get(index % SEGMENT)
    }

    /// Adds an event at the end; [`index`](State::index) must follow under the
    /// same lock.
    pub(crate) fn push(&mut self, event: RawEvent) {
        if self.len().is_multiple_of(SEGMENT) {
            self.segments.push(Vec::with_capacity(SEGMENT));
        }
        if let Some(last) = self.segments.last_mut() {
            last.push(event);
        }
    }

    /// Notes that the last so many events are of this stream.
    pub(crate) fn index(&mut self, stream: &StreamId, events: u64) {
        let end = self.len();
        let added = end - usize::try_from(events).unwrap_or(end)..end;
        match self.streams.get_mut(stream) {
            Some(indexes) => indexes.extend(added),
            None => drop(self.streams.insert(stream.clone(), added.collect())),
        }
    }

    /// The indexes of a stream's events, in order of version.
    pub(crate) fn stream(&self, stream: &StreamId) -> &[usize] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn version(&self, stream: &StreamId) -> Version {
        Version::new(self.stream(stream).len() as u64)
    }

    /// The id of the last event of a stream.
    pub(crate) fn last_event(&self, stream: &StreamId) -> Option<EventId> {
        self.event(*self.stream(stream).last()?).map(|event| event.id)
    }

    pub(crate) fn event_at(&self, stream: &StreamId, version: Version) -> Option<&RawEvent> {
        let nth = usize::try_from(version.get()).ok()?.checked_sub(1)?;
        self.event(*self.stream(stream).get(nth)?)
    }

    pub(crate) fn stream_head(&self, stream: &StreamId) -> Option<StreamHead> {
        let last = self.event(*self.stream(stream).last()?)?;
        Some(StreamHead { version: last.version, position: last.position, event: last.id })
    }

    /// The checkpoint at a position that is not beyond the end.
    pub(crate) fn checkpoint(&self, log: LogId, partition: Partition, at: Position) -> Checkpoint {
        match self.event_id(at) {
            Some(event) => Checkpoint::new(log, partition, at, event),
            None => Checkpoint::start(log, partition),
        }
    }

    /// The id of the event at a position.
    pub(crate) fn event_id(&self, at: Position) -> Option<EventId> {
        let index = usize::try_from(at.get()).ok()?.checked_sub(1)?;
        self.event(index).map(|event| event.id)
    }

    /// The first outcome under a key.
    pub(crate) fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        match self.outcomes.get(&(stream.clone(), key.as_str().to_owned())) {
            None => Ok(None),
            Some((known, first)) if known.same_command(key) => Ok(Some(first.clone().repeated())),
            Some(_) => Err(AppendError::KeyReused { stream: stream.clone() }),
        }
    }

    pub(crate) fn remember(&mut self, stream: &StreamId, key: IdempotencyKey, first: Appended) {
        self.outcomes.insert((stream.clone(), key.as_str().to_owned()), (key, first));
    }
}
