//! Reading, in pages: the lock is held for one page at a time.

use std::ops::Range;
use std::sync::Arc;

use annals::store::{After, Direction, EventStream, LogQuery, StreamQuery};
use annals::{Checkpoint, Position, RawEvent, ReadError};
use async_stream::try_stream;
use futures::StreamExt;

use crate::partition::State;
use crate::store::Inner;

/// How many events are copied under the lock at a time.
pub(crate) const PAGE: usize = 128;

/// Reads one stream, up to where it ended when the read began.
pub(crate) fn stream(store: Arc<Inner>, query: StreamQuery) -> EventStream {
    let events = store.home(&query.stream).lock().stream(&query.stream).len();
    let mut left = places(&query, events);
    hand_out(move || {
        let page = cut_page(&mut left, query.direction)?;
        let state = store.home(&query.stream).lock();
        let indexes = &state.stream(&query.stream)[page];
        let event = |&index: &usize| state.event(index).cloned();
        Some(Ok(match query.direction {
            Direction::Forwards => indexes.iter().filter_map(event).collect(),
            Direction::Backwards => indexes.iter().rev().filter_map(event).collect(),
        }))
    })
}

/// The places in a stream of so many events, from 0, which a query reads.
fn places(query: &StreamQuery, events: usize) -> Range<usize> {
    let place = |version: u64| usize::try_from(version).unwrap_or(usize::MAX);
    let from = query.from.map(|version| place(version.get()));
    let limit = query.limit.map_or(usize::MAX, place);
    match query.direction {
        Direction::Forwards => {
            let start = from.unwrap_or(1).saturating_sub(1).min(events);
            start..events.min(start.saturating_add(limit))
        }
        Direction::Backwards => {
            let end = from.unwrap_or(events).min(events);
            end.saturating_sub(limit)..end
        }
    }
}

/// Reads one partition, up to where it ended when the read began.
pub(crate) fn log(store: Arc<Inner>, query: LogQuery) -> EventStream {
    let mut left = start(&store, &query);
    let mut limit = query.limit.unwrap_or(u64::MAX);
    hand_out(move || {
        let left = match &mut left {
            Ok(left) => left,
            refused @ Err(_) => return std::mem::replace(refused, Ok(0..0)).err().map(Err),
        };
        let page = cut_page(left, Direction::Forwards).filter(|_| limit > 0)?;
        let partition = store.partition(query.partition);
        Some(partition.map(|partition| {
            let state = partition.lock();
            let mut events = look(&state, page, &query);
            events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            limit -= events.len() as u64;
            events
        }))
    })
}

/// The events of a page which pass the query's filter.
pub(crate) fn look(state: &State, page: Range<usize>, query: &LogQuery) -> Vec<RawEvent> {
    let events = page.filter_map(|index| state.event(index));
    events.filter(|event| query.filter.passes(event)).cloned().collect()
}

/// The places to read for a query: behind its start, up to the present end.
pub(crate) fn start(store: &Inner, query: &LogQuery) -> Result<Range<usize>, ReadError> {
    let state = store.partition(query.partition)?.lock();
    let (partition, end) = (query.partition, state.end());
    let position = match query.after {
        After::Position(position) => position,
        After::Checkpoint(checkpoint) => check(store, &state, checkpoint)?,
    };
    if position > end {
        return Err(ReadError::BeyondEnd { partition, position, end });
    }
    Ok(usize::try_from(position.get()).unwrap_or(usize::MAX)..state.len())
}

/// A checkpoint is of this log, and its event stands where it stood. Whether the
/// log reaches so far is for the caller to see.
fn check(store: &Inner, state: &State, checkpoint: Checkpoint) -> Result<Position, ReadError> {
    let position = checkpoint.position();
    let stands = position > state.end() || state.event_id(position) == checkpoint.event();
    if checkpoint.log() == store.info.id && stands {
        Ok(position)
    } else {
        Err(ReadError::diverged(checkpoint))
    }
}

/// Takes the next page off what is left to read.
fn cut_page(left: &mut Range<usize>, direction: Direction) -> Option<Range<usize>> {
    if left.start >= left.end {
        return None;
    }
    Some(match direction {
        Direction::Forwards => {
            let start = left.start;
            left.start = left.end.min(start + PAGE);
            start..left.start
        }
        Direction::Backwards => {
            let end = left.end;
            left.end = left.start.max(end.saturating_sub(PAGE));
            left.end..end
        }
    })
}

/// Hands out page after page. Nothing here waits, so between pages the task may
/// be suspended: a long read keeps neither its thread nor its deadline waiting.
fn hand_out(
    mut next_page: impl FnMut() -> Option<Result<Vec<RawEvent>, ReadError>> + Send + 'static,
) -> EventStream {
    try_stream! {
        while let Some(page) = next_page() {
            for event in page? {
                yield event;
            }
            tokio::task::consume_budget().await;
        }
    }
    .boxed()
}
