//! Pages: one statement each, of bounded size, on a pooled connection.

mod appetite;

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow, Postgres};
use sqlx::query::Query;
use tokio::task::JoinHandle;

use annals::store::Direction;
use annals::{Partition, StreamId, Version};

use crate::error::{Kind, kind};
use crate::hub::End;
use crate::options::Settings;
use crate::row;
use crate::session::{First, Lent, Session};
use crate::sql::Sql;
pub(crate) use appetite::Appetite;

/// How many events a page has at most.
pub(crate) const EVENTS: i64 = 1_000;
/// How many bytes of payload and metadata a page has, about: the event that reaches
/// them is its last.
pub(crate) const BYTES: usize = 4 << 20;

/// Fetches pages from one server.
#[derive(Clone)]
pub(crate) struct Pages {
    pool: PgPool,
    pub(crate) sql: Arc<Sql>,
    pooler: bool,
    patience: Duration,
}

/// Some events, as rows, and whether there may be more behind them. Who hands them out
/// decodes them, while the next page is on its way.
pub(crate) struct Page {
    pub(crate) rows: Vec<PgRow>,
    pub(crate) more: bool,
    /// How large they are, and whether they were cut for it.
    pub(crate) bytes: usize,
    pub(crate) cut: bool,
}

impl Pages {
    pub(crate) fn new(pool: PgPool, sql: Arc<Sql>, settings: &Settings) -> Self {
        Self { pool, sql, pooler: settings.pooler, patience: settings.read_timeout }
    }

    /// How to reach the server.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.pool.connect_options())
    }

    /// All rows of a statement. Dropping it half-way leaves a connection that reads
    /// the rest of the answer before it is used again.
    pub(crate) async fn fetch(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<Vec<PgRow>> {
        let fetch = async {
            let mut lent = Lent::by(&self.pool).await?;
            let rows = Session::new(&mut lent.connection, self.pooler).fetch_all(query).await;
            lent.settle();
            rows
        };
        self.in_time(fetch).await
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

    /// The same, up to so many bytes.
    pub(crate) async fn some(
        &self,
        query: impl Fn() -> Query<'static, Postgres, PgArguments> + Send,
        bytes: usize,
    ) -> sqlx::Result<First> {
        match self.some_once(query(), bytes).await {
            Err(error) if kind(&error) == Kind::Doubt => self.some_once(query(), bytes).await,
            answer => answer,
        }
    }

    async fn some_once(
        &self,
        query: Query<'_, Postgres, PgArguments>,
        bytes: usize,
    ) -> sqlx::Result<First> {
        let fetch = async {
            let mut lent = Lent::by(&self.pool).await?;
            let mut session = Session::new(&mut lent.connection, self.pooler);
            let first = session.fetch_some(query, bytes).await;
            // Where it was cut it is closed, so that the server stops sending; the pool
            // opens another.
            if !first.as_ref().is_ok_and(|first| first.cut) {
                lent.settle();
            }
            first
        };
        self.in_time(fetch).await
    }

    /// The number of rows that a statement has changed.
    pub(crate) async fn execute(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<u64> {
        let execute = async {
            let mut lent = Lent::by(&self.pool).await?;
            let done = Session::new(&mut lent.connection, self.pooler).execute(query).await;
            lent.settle();
            done
        };
        self.in_time(execute).await
    }

    /// No answer within the patience is a failure of the connection.
    async fn in_time<T>(&self, call: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        tokio::time::timeout(self.patience, call).await.unwrap_or_else(silent)
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
            query.bind(stream.as_str()).bind(row::signed(from.get())).bind(most)
        };
        Ok(Page::new(self.some(query, BYTES).await?, most))
    }
}

impl Page {
    /// A page from its rows; `most` is how many there could have been.
    pub(crate) fn new(First { rows, bytes, cut }: First, most: i64) -> Self {
        let more = cut || i64::try_from(rows.len()).is_ok_and(|rows| rows >= most);
        Self { rows, more, bytes, cut }
    }

    /// Position and id of its last event.
    pub(crate) fn last(&self) -> sqlx::Result<End> {
        self.rows.last().map(row::place).transpose()
    }
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
