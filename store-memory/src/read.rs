//! Reading, in pages: the lock is held for one page at a time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use annals::store::{After, Direction, LogQuery, StreamQuery};
use annals::{Checkpoint, Position, RawEvent, ReadError};

use crate::partition::State;
use crate::store::Inner;

/// How many events are copied under the lock at a time.
pub(crate) const PAGE: usize = 128;

/// Reads one stream, up to where it ended when the read began.
pub(crate) struct StreamReader {
    store: Arc<Inner>,
    query: StreamQuery,
    /// The places in the stream that are still to be read, from 0.
    left: Range<usize>,
    page: VecDeque<RawEvent>,
}

impl StreamReader {
    pub(crate) fn new(store: Arc<Inner>, query: StreamQuery) -> Self {
        let events = store.home(&query.stream).lock().stream(&query.stream).len();
        let place = |version: u64| usize::try_from(version).unwrap_or(usize::MAX);
        let from = query.from.map(|version| place(version.get()));
        let limit = query.limit.map_or(usize::MAX, place);
        let left = match query.direction {
            Direction::Forwards => {
                let start = from.unwrap_or(1).saturating_sub(1).min(events);
                start..events.min(start.saturating_add(limit))
            }
            Direction::Backwards => {
                let end = from.unwrap_or(events).min(events);
                end.saturating_sub(limit)..end
            }
        };
        Self { store, query, left, page: VecDeque::new() }
    }

    fn turn_page(&mut self) {
        let state = self.store.home(&self.query.stream).lock();
        let places = state.stream(&self.query.stream);
        let event = |&index: &usize| state.event(index).cloned();
        match self.query.direction {
            Direction::Forwards => {
                let until = self.left.end.min(self.left.start + PAGE);
                self.page.extend(places[self.left.start..until].iter().filter_map(event));
                self.left.start = until;
            }
            Direction::Backwards => {
                let until = self.left.start.max(self.left.end.saturating_sub(PAGE));
                self.page.extend(places[until..self.left.end].iter().rev().filter_map(event));
                self.left.end = until;
            }
        }
    }
}

impl Iterator for StreamReader {
    type Item = Result<RawEvent, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.left.is_empty() {
            self.turn_page();
        }
        self.page.pop_front().map(Ok)
    }
}

/// Reads one partition, up to where it ended when the read began.
pub(crate) struct LogReader {
    store: Arc<Inner>,
    query: LogQuery,
    /// The places in the partition that are still to be read, from 0.
    left: Range<usize>,
    page: VecDeque<RawEvent>,
    refused: Option<ReadError>,
}

impl LogReader {
    pub(crate) fn new(store: Arc<Inner>, query: LogQuery) -> Self {
        let (left, refused) = match start(&store, &query) {
            Ok(left) => (left, None),
            Err(error) => (0..0, Some(error)),
        };
        Self { store, query, left, page: VecDeque::new(), refused }
    }

    /// Looks at one page of the log for events that pass.
    pub(crate) fn turn_page(&mut self) {
        let Ok(partition) = self.store.partition(self.query.partition) else {
            return;
        };
        let state = partition.lock();
        let until = self.left.end.min(self.left.start + PAGE);
        let found = (self.left.start..until).filter_map(|index| state.event(index));
        self.page.extend(found.filter(|event| self.query.filter.passes(event)).cloned());
        self.left.start = until;
    }
}

/// The places to read for a query: behind its start, up to the present end.
pub(crate) fn start(store: &Inner, query: &LogQuery) -> Result<Range<usize>, ReadError> {
    let state = store.partition(query.partition)?.lock();
    let (partition, end) = (query.partition, state.end());
    let position = match query.after {
        After::Position(position) if position <= end => position,
        After::Position(position) => {
            return Err(ReadError::BeyondEnd { partition, position, end });
        }
        After::Checkpoint(checkpoint) => check(store, &state, checkpoint)?,
    };
    Ok(usize::try_from(position.get()).unwrap_or(usize::MAX)..state.len())
}

/// A checkpoint is of this log, and its event stands where it stood.
fn check(store: &Inner, state: &State, checkpoint: Checkpoint) -> Result<Position, ReadError> {
    let same_log = checkpoint.log() == store.info.id;
    let stands = state.event_id(checkpoint.position()) == checkpoint.event();
    if same_log && stands {
        Ok(checkpoint.position())
    } else {
        Err(ReadError::diverged(checkpoint))
    }
}

impl Iterator for LogReader {
    type Item = Result<RawEvent, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.refused.take() {
            return Some(Err(error));
        }
        if self.query.limit == Some(0) {
            return None;
        }
        while self.page.is_empty() && !self.left.is_empty() {
            self.turn_page();
        }
        self.query.limit = self.query.limit.map(|left| left - 1);
        self.page.pop_front().map(Ok)
    }
}
