//! Statements on a connection that is ours, or that a pooler lends us for the length
//! of a transaction.

use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{Connection, PgConnection, PgPool, Transaction};

use crate::row;

/// Begins a transaction on a connection of a pool, and does so to the end even if the
/// caller gives up: sqlx 0.9 gives a connection back to its pool while a `BEGIN` is on its
/// way, and whoever uses it next writes into a transaction that nobody commits.
pub(crate) async fn begin(
    pool: &PgPool,
    how: &'static str,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(how).await });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// A connection of a pool, for a piece of work in a transaction. Given up in the middle it
/// is closed, for the reason at [`begin`].
pub(crate) struct Lent {
    pub(crate) connection: PoolConnection<Postgres>,
    settled: bool,
}

impl Lent {
    pub(crate) async fn by(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self { connection: pool.acquire().await?, settled: false })
    }

    /// The work has ended, well or not.
    pub(crate) fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.settled {
            self.connection.close_on_drop();
        }
    }
}

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// How a pooler's transaction begins: whatever the default of the server is, the
/// statements were written for this.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The first rows of an answer.
#[derive(Default)]
pub(crate) struct First {
    pub(crate) rows: Vec<PgRow>,
    /// The bytes of their events.
    pub(crate) bytes: usize,
    /// Whether there were more. The server still sends them: the connection is to be
    /// thrown away, or its next user would have to receive them all.
    pub(crate) cut: bool,
}

async fn first(mut rows: BoxStream<'_, sqlx::Result<PgRow>>, most: usize) -> sqlx::Result<First> {
    let mut first = First::default();
    while let Some(row) = rows.try_next().await? {
        if first.bytes >= most {
            first.cut = true;
            break;
        }
        first.bytes += row::size(&row)?;
        first.rows.push(row);
    }
    Ok(first)
}

/// A connection, and whether a pooler stands before it.
pub(crate) struct Session<'c> {
    connection: &'c mut PgConnection,
    pooler: bool,
}

impl<'c> Session<'c> {
    pub(crate) fn new(connection: &'c mut PgConnection, pooler: bool) -> Self {
        Self { connection, pooler }
    }

    pub(crate) async fn fetch_all(&mut self, query: Statement<'_>) -> sqlx::Result<Vec<PgRow>> {
        if !self.pooler {
            return query.fetch_all(&mut *self.connection).await;
        }
        // A statement prepared on one connection of the server would be missing on
        // the next: within a transaction there is no next.
        let mut tx = self.connection.begin_with(BEGIN).await?;
        let rows = query.persistent(false).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// The rows of a statement, up to the first with which they have so many bytes, so
    /// that memory is bounded whatever the events are. Where they were cut the
    /// connection is to be thrown away.
    pub(crate) async fn fetch_some(
        &mut self,
        query: Statement<'_>,
        bytes: usize,
    ) -> sqlx::Result<First> {
        if !self.pooler {
            return first(query.fetch(&mut *self.connection), bytes).await;
        }
        let mut tx = self.connection.begin_with(BEGIN).await?;
        let first = first(query.persistent(false).fetch(&mut *tx), bytes).await?;
        // A commit would have to receive the rest first.
        if !first.cut {
            tx.commit().await?;
        }
        Ok(first)
    }

    pub(crate) async fn fetch_optional(
        &mut self,
        query: Statement<'_>,
    ) -> sqlx::Result<Option<PgRow>> {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// The number of rows that were changed.
    pub(crate) async fn execute(&mut self, query: Statement<'_>) -> sqlx::Result<u64> {
        // Explicit, so that the isolation is ours also on a user's own pool.
        let mut tx = self.connection.begin_with(BEGIN).await?;
        let done = query.persistent(!self.pooler).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
