//! Reads: pages behind a stream, the next one fetched while the last is handled.

use annals::store::{Direction, LogQuery, StreamQuery};
use annals::{RawEvent, ReadError, StoreError, Version};
use async_stream::try_stream;
use futures::Stream;

use crate::PostgresStore;
use crate::error::read_error;
use crate::page::{Appetite, Page, Prefetched};
use crate::row;
use crate::scan::Scan;

/// Reads one stream. It is read from the primary: who decides on it must not see an
/// old state.
pub(crate) fn stream(
    store: PostgresStore,
    query: StreamQuery,
) -> impl Stream<Item = Result<RawEvent, ReadError>> + Send + 'static {
    try_stream! {
        let mut left = query.limit.unwrap_or(u64::MAX);
        let home = store.home(&query.stream);
        let Some(mut from) = first(&query) else { return };
        let mut next = None;
        let mut appetite = Appetite::GREATEST;
        while left > 0 {
            let page = match next.take() {
                // Of the first page others may be a part.
                None => first_page(&store, &query, from, left).await?,
                Some(prefetched) => fetched(prefetched).await?,
            };
            left -= (page.rows.len() as u64).min(left);
            appetite = appetite.after(&page);
            let last = page.rows.last().map(row::version).transpose().map_err(read_error)?;
            let behind = last.and_then(|last| behind(last, query.direction));
            match behind {
                Some(version) if page.more && left > 0 => from = version,
                _ => left = 0,
            }
            if left > 0 {
                let page = next_page(store.clone(), query.clone(), from, appetite.most(left));
                next = Some(Prefetched::begin(page));
            }
            for row in page.rows {
                yield row::event_of(&row, home, query.stream.clone()).map_err(read_error)?;
            }
        }
    }
}

/// The version with which a read begins; `None` if nothing can be there.
fn first(query: &StreamQuery) -> Option<Version> {
    match query.direction {
        Direction::Forwards => Some(query.from.unwrap_or(Version::FIRST)),
        Direction::Backwards => {
            Some(query.from.unwrap_or(Version::new(u64::MAX))).filter(|from| *from > Version::NONE)
        }
    }
}

/// The version that follows, in the direction of the read.
fn behind(version: Version, direction: Direction) -> Option<Version> {
    match direction {
        Direction::Forwards => Some(version.next()),
        Direction::Backwards => version.get().checked_sub(1).filter(|v| *v > 0).map(Version::new),
    }
}

async fn first_page(
    store: &PostgresStore,
    query: &StreamQuery,
    from: Version,
    left: u64,
) -> Result<Page, ReadError> {
    if query.direction == Direction::Forwards {
        let home = store.home(&query.stream);
        return store.inner.loads.first_page(home, &query.stream, from, left).await;
    }
    next_page(store.clone(), query.clone(), from, Appetite::GREATEST.most(left)).await
}

async fn next_page(
    store: PostgresStore,
    query: StreamQuery,
    from: Version,
    most: i64,
) -> Result<Page, ReadError> {
    let stream = (store.home(&query.stream), &query.stream);
    let page = store.inner.pages.of_stream(stream, query.direction, from, most);
    page.await.map_err(read_error)
}

pub(crate) async fn fetched<T: Send + 'static>(
    page: Prefetched<Result<T, ReadError>>,
) -> Result<T, ReadError> {
    let ended = || Err(ReadError::Store(StoreError::transient("the runtime is shutting down")));
    page.get().await.unwrap_or_else(ended)
}

/// Reads one partition, up to where it ended when the read began.
pub(crate) fn log(
    store: PostgresStore,
    query: LogQuery,
) -> impl Stream<Item = Result<RawEvent, ReadError>> + Send + 'static {
    try_stream! {
        let mut left = query.limit.unwrap_or(u64::MAX);
        let (scan, end) = Scan::begin(&store, &query).await?;
        let mut next = (left > 0 && !scan.done(end))
            .then(|| Prefetched::begin(scan.page(end, left)));
        while let Some(prefetched) = next.take() {
            let (scan, page) = fetched(prefetched).await?;
            left -= (page.rows.len() as u64).min(left);
            if left > 0 && !page.at_end && !scan.done(end) {
                next = Some(Prefetched::begin(scan.page(end, left)));
            }
            for row in page.rows {
                yield row::event(&row, query.partition).map_err(read_error)?;
            }
        }
    }
}
