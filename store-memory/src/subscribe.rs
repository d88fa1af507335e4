//! Following a partition: events wait in the log until the reader asks, so
//! there is no queue to bound.

use std::pin::pin;
use std::sync::Arc;

use annals::store::{Delivery, LogQuery};
use annals::{Position, RawEvent, ReadError};
use async_stream::try_stream;
use futures::Stream;

use crate::read::{PAGE, look, start};
use crate::store::Inner;

pub(crate) fn follow(
    store: Arc<Inner>,
    query: LogQuery,
) -> impl Stream<Item = Result<Delivery, ReadError>> + Send + 'static {
    try_stream! {
        let partition = query.partition;
        let mut reached = Position::new(start(&store, &query)?.start as u64);
        let mut left = query.limit;
        loop {
            // The bell is listened for before the log is looked at: what is
            // appended in between rings it.
            let bell = &store.partition(partition)?.grown;
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();

            let page = page(&store, &query, reached)?;
            for event in page.events {
                if left == Some(0) {
                    return;
                }
                left = left.map(|left| left - 1);
                reached = event.position;
                yield Delivery::Event(event);
            }
            if left == Some(0) {
                return;
            }
            let passed = page.until > reached;
            reached = page.until;
            if !page.at_end {
                if passed {
                    yield Delivery::Passed(checkpoint(&store, &query, reached)?);
                }
                continue;
            }
            yield Delivery::CaughtUp(checkpoint(&store, &query, reached)?);
            rung.await;
        }
    }
}

struct Page {
    events: Vec<RawEvent>,
    /// The last position that was looked at.
    until: Position,
    /// Whether nothing stood behind it.
    at_end: bool,
}

fn page(store: &Inner, query: &LogQuery, after: Position) -> Result<Page, ReadError> {
    let state = store.partition(query.partition)?.lock();
    let start = usize::try_from(after.get()).unwrap_or(usize::MAX);
    let until = start.saturating_add(PAGE).min(state.len()).max(start);
    let events = look(&state, start..until, query);
    Ok(Page { events, until: Position::new(until as u64), at_end: until >= state.len() })
}

fn checkpoint(
    store: &Inner,
    query: &LogQuery,
    at: Position,
) -> Result<annals::Checkpoint, ReadError> {
    let state = store.partition(query.partition)?.lock();
    Ok(state.checkpoint(store.info.id, query.partition, at))
}
