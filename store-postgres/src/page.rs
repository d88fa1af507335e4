//! Pages: one statement each, of bounded size, on a pooled connection.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use tokio::task::JoinHandle;

use annals::store::Direction;
use annals::{Partition, RawEvent, StreamId, Version};

use crate::error::{Kind, damaged, kind};
use crate::options::Settings;
use crate::row;
use crate::session::Session;
use crate::sql::Sql;

/// How many events a page has at most.
pub(crate) const EVENTS: i64 = 1_000;
/// How many bytes of payload and metadata a page has at most, unless its first event
/// alone is larger.
pub(crate) const BYTES: i64 = 4 << 20;

/// Fetches pages from one server.
#[derive(Clone)]
pub(crate) struct Pages {
    pool: PgPool,
    pub(crate) sql: Arc<Sql>,
    pooler: bool,
    patience: Duration,
}

/// Some events, and whether there may be more behind them.
pub(crate) struct Page {
    pub(crate) events: Vec<RawEvent>,
    pub(crate) more: bool,
}

impl Pages {
    pub(crate) fn new(pool: PgPool, sql: Arc<Sql>, settings: &Settings) -> Self {
        Self { pool, sql, pooler: settings.pooler, patience: settings.read_timeout }
    }

    /// All rows of a statement. Dropping it half-way leaves a connection that reads
    /// the rest of the answer before it is used again.
    pub(crate) async fn fetch(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<Vec<PgRow>> {
        let fetch = async {
            let mut connection = self.pool.acquire().await?;
            Session::new(&mut connection, self.pooler).fetch_all(query).await
        };
        let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        tokio::time::timeout(self.patience, fetch).await.unwrap_or_else(silent)
    }

    /// The same, of a statement that only reads: where the connection turns out to be
    /// broken, as after a restart of the server, it is made once more.
    pub(crate) async fn read(
        &self,
        query: impl Fn() -> Query<'static, Postgres, PgArguments> + Send,
    ) -> sqlx::Result<Vec<PgRow>> {
        match self.fetch(query()).await {
            Err(error) if kind(&error) == Kind::Doubt => self.fetch(query()).await,
            answer => answer,
        }
    }

    /// The number of rows that a statement has changed.
    pub(crate) async fn execute(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<u64> {
        let execute = async {
            let mut connection = self.pool.acquire().await?;
            Session::new(&mut connection, self.pooler).execute(query).await
        };
        let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        tokio::time::timeout(self.patience, execute).await.unwrap_or_else(silent)
    }

    /// A page of one stream, from a version on.
    pub(crate) async fn of_stream(
        &self,
        (partition, stream): (Partition, &StreamId),
        direction: Direction,
        from: Version,
        most: i64,
    ) -> sqlx::Result<Page> {
        let statement = match direction {
            Direction::Forwards => &self.sql.read_stream,
            Direction::Backwards => &self.sql.read_stream_backwards,
        };
        let query = || {
            let query = statement.query().bind(partition.get().cast_signed());
            let query = query.bind(stream.as_str()).bind(row::signed(from.get()));
            query.bind(most).bind(BYTES)
        };
        let rows = self.read(query).await?;
        page(rows.iter(), most, |row| row::event_of(row, partition, stream.clone()))
    }

    /// The first page of each of several streams, in their order.
    pub(crate) async fn of_streams(
        &self,
        wanted: &[(Partition, StreamId, Version)],
        most: i64,
        bytes: i64,
    ) -> sqlx::Result<Vec<Page>> {
        let partitions: Vec<_> = wanted.iter().map(|(p, _, _)| p.get().cast_signed()).collect();
        let streams: Vec<_> = wanted.iter().map(|(_, stream, _)| stream.as_str()).collect();
        let firsts: Vec<_> = wanted.iter().map(|(_, _, v)| row::signed(v.get())).collect();
        let query = || {
            let query = self.sql.read_streams.query().bind(&partitions).bind(&streams);
            query.bind(&firsts).bind(most).bind(bytes)
        };
        let rows = self.read(query).await?;
        let mut rows = rows.as_slice();
        let mut pages = Vec::with_capacity(wanted.len());
        for ((partition, stream, _), nth) in wanted.iter().zip(1..) {
            // They come in the order of the list, each stream's side by side.
            let end = rows.iter().position(|row| row::nth(row).ok() != Some(nth));
            let (ours, rest) = rows.split_at(end.unwrap_or(rows.len()));
            let event = |row: &PgRow| row::event_of(row, *partition, stream.clone());
            pages.push(page_of(ours.iter(), most, bytes, event)?);
            rows = rest;
        }
        match rows {
            [] => Ok(pages),
            _ => Err(damaged("it is of a stream that was not asked for")),
        }
    }
}

/// A page from its rows; `most` is how many there could have been.
pub(crate) fn page<'r>(
    rows: impl Iterator<Item = &'r PgRow>,
    most: i64,
    event: impl Fn(&PgRow) -> sqlx::Result<RawEvent>,
) -> sqlx::Result<Page> {
    page_of(rows, most, BYTES, event)
}

fn page_of<'r>(
    rows: impl Iterator<Item = &'r PgRow>,
    most: i64,
    most_bytes: i64,
    event: impl Fn(&PgRow) -> sqlx::Result<RawEvent>,
) -> sqlx::Result<Page> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    for row in rows {
        bytes += row::size(row)?;
        events.push(event(row)?);
    }
    let full = i64::try_from(events.len()).is_ok_and(|events| events >= most);
    let more = full || i64::try_from(bytes).is_ok_and(|bytes| bytes >= most_bytes);
    Ok(Page { events, more })
}

/// A page that is fetched while the one before is handled. Dropping it gives it up.
pub(crate) struct Prefetched<T>(JoinHandle<T>);

impl<T: Send + 'static> Prefetched<T> {
    pub(crate) fn begin(fetch: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(fetch))
    }

    /// The page; `None` if its task has panicked, or the runtime is being shut down.
    pub(crate) async fn get(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for Prefetched<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
