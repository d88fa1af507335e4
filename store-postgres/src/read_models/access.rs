//! Statements outside of steps: each within its time, and in a transaction where a pooler
//! or what it changes asks for one.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{PgPool, Transaction};

use crate::error::{Kind, kind};
use crate::options::Settings;
use crate::session::{self, Lent, Session};

pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// How what changes something begins. Whoever is paused before its end holds up others, who
/// may be about to take over from him, for as long as this (in milliseconds) and no longer:
/// the server ends it.
pub(super) const BRIEF: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; \
    SET LOCAL idle_in_transaction_session_timeout = 1500";

/// How what is read by several statements begins, so that they read one snapshot.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) struct Access {
    pub(super) pool: PgPool,
    pooler: bool,
    patience: Duration,
}

impl Access {
    pub(super) fn new(pool: PgPool, settings: &Settings) -> Self {
        Self { pool, pooler: settings.pooler, patience: settings.statement_timeout }
    }

    /// The rows of a statement that only reads: where the connection turns out to be
    /// broken, as after a restart of the server, it is made once more.
    pub(super) async fn read(
        &self,
        query: impl Fn() -> Statement<'static> + Send,
    ) -> sqlx::Result<Vec<PgRow>> {
        match self.read_once(query()).await {
            Err(error) if kind(&error) == Kind::Doubt => self.read_once(query()).await,
            // Kept from a version with keys of another type.
            Err(error) if is_stale(&error) => self.read_once(query().persistent(false)).await,
            answer => answer,
        }
    }

    /// The rows of a statement by itself.
    pub(super) async fn read_once(&self, query: Statement<'_>) -> sqlx::Result<Vec<PgRow>> {
        let fetch = async {
            let mut lent = Lent::by(&self.pool).await?;
            let rows = Session::new(&mut lent.connection, self.pooler).fetch_all(query).await;
            lent.settle();
            rows
        };
        self.in_time(fetch).await
    }

    /// The rows of a statement that only reads, in a transaction whose statements each see
    /// what was committed before them, whatever the isolation of the server is.
    pub(super) async fn read_committed(&self, query: Statement<'_>) -> sqlx::Result<Vec<PgRow>> {
        let fetch = async {
            let mut lent = Lent::by(&self.pool).await?;
            let rows = Session::new(&mut lent.connection, true).fetch_all(query).await;
            lent.settle();
            rows
        };
        self.in_time(fetch).await
    }

    /// The rows of a statement that changes something, in a transaction of its own,
    /// whatever the isolation of the server is.
    pub(super) async fn write(&self, query: Statement<'_>) -> sqlx::Result<Vec<PgRow>> {
        let write = async {
            let mut tx = self.begin(BRIEF).await?;
            let rows = query.fetch_all(&mut *tx).await?;
            tx.commit().await?;
            Ok(rows)
        };
        self.in_time(write).await
    }

    /// The same: the number of rows that it has changed.
    pub(super) async fn execute(&self, query: Statement<'_>) -> sqlx::Result<u64> {
        let write = async {
            let mut tx = self.begin(BRIEF).await?;
            let done = query.execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(done.rows_affected())
        };
        self.in_time(write).await
    }

    pub(super) async fn begin(
        &self,
        how: &'static str,
    ) -> sqlx::Result<Transaction<'static, Postgres>> {
        session::begin(&self.pool, how).await
    }

    /// No answer within the patience is a failure of the connection.
    pub(super) async fn in_time<T>(
        &self,
        call: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        tokio::time::timeout(self.patience, call).await.unwrap_or_else(silent)
    }
}

/// Whether a plan that was kept does not fit the tables any more.
fn is_stale(error: &sqlx::Error) -> bool {
    has_code(error, "0A000")
}

pub(super) fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|found| found == code)
}
