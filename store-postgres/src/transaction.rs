//! Appending inside a transaction of the user's own.

mod commit;
mod refusal;

use std::fmt;
use std::time::Duration;

use annals::store::{Append, Appended, InvalidAppend};
use annals::{AppendError, Origin, StoreError};
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::time::{Instant, timeout_at};

use crate::PostgresStore;
use crate::error::{kind, store_error};
use crate::writer::{Columns, closed};

impl PostgresStore {
    /// Appends in a transaction that the caller has begun, on the database of the log.
    ///
    /// It borrows the connection of the transaction, or of a savepoint in it. By itself
    /// it does nothing.
    ///
    #[doc = include_str!("../docs/transactions.md")]
    pub fn in_transaction<'a>(&'a self, tx: &'a mut PgConnection) -> InTransaction<'a> {
        InTransaction { store: self, connection: tx }
    }

    /// Commits a transaction with all that was staged in it, and tells what became of
    /// each append, in their order. A transaction in which nothing was staged is
    /// committed as well, and there is nothing to tell.
    ///
    /// A savepoint, which sqlx makes of a transaction that is begun in another one, is
    /// not committed by the store but by its own `commit`: here it is refused and rolled
    /// back, and the transaction around it can go on.
    ///
    /// The call takes no longer than the earliest deadline among the appends, and never
    /// longer than [`append_timeout`](crate::PostgresStoreBuilder::append_timeout).
    ///
    /// # Dropping the future
    /// The transaction is committed as a whole or not at all, and nobody is told which:
    /// it is the same as [`AppendError::Unknown`]. A pooled connection comes back to its
    /// pool when the server has answered.
    ///
    /// # Errors
    /// As those of an append; see [`AppendError`]. Whatever it is, nothing of the
    /// transaction was committed, unless it is `Unknown`.
    pub async fn commit(
        &self,
        tx: Transaction<'_, Postgres>,
    ) -> Result<Vec<Appended>, AppendError> {
        commit::commit(self, tx).await
    }
}

/// Appends in a transaction of the caller's own; see
/// [`in_transaction`](PostgresStore::in_transaction).
#[must_use = "nothing is appended yet"]
pub struct InTransaction<'a> {
    store: &'a PostgresStore,
    connection: &'a mut PgConnection,
}

impl InTransaction<'_> {
    /// Stages an append, to be placed when the transaction commits. Up to 1,000 may be
    /// staged in one transaction; each sees those before it.
    ///
    /// What is wrong with the append whatever the log holds is found out here; the
    /// versions that it expects are compared when the transaction commits.
    ///
    /// # Dropping the future
    /// The append may be staged or not: roll the transaction back, or the savepoint.
    ///
    /// # Errors
    /// [`AppendError::Invalid`] and [`AppendError::DeadlineExceeded`], where the database
    /// was not asked and the transaction can go on; [`AppendError::Store`], after which
    /// it can only be rolled back, as after any statement that fails.
    pub async fn append(&mut self, append: Append) -> Result<(), AppendError> {
        let inner = &*self.store.inner;
        append.check(&inner.info.limits)?;
        if inner.writer.is_closed() {
            return Err(closed());
        }
        if append.origin == Origin::Imported {
            return Err(InvalidAppend::ImportInTransaction.into());
        }
        let now = Instant::now();
        let left = append.deadline.map(|deadline| deadline.saturating_duration_since(now));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(AppendError::DeadlineExceeded);
        }
        let until = now + left.unwrap_or(inner.settings.append_timeout);
        let settings = &inner.settings;
        let lock_timeout = format!("{}ms", settings.lock_timeout.as_millis());
        let columns = Columns::of(std::iter::once(&append), inner.info.partitions)?;
        let query = columns.bind(&inner.sql.stage, Some(&lock_timeout), settings.durable);
        let query = query.bind(left.map(millis)).bind(*inner.info.id.as_uuid());
        let query = query.persistent(!settings.pooler);
        match timeout_at(until, query.execute(&mut *self.connection)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(target: "annals", kind = ?kind(&error), "an append was not staged");
                Err(AppendError::Store(store_error(&error)))
            }
            Err(_) if append.deadline.is_some() => Err(AppendError::DeadlineExceeded),
            Err(_) => Err(AppendError::Store(StoreError::transient("no answer in time"))),
        }
    }
}

/// Whole milliseconds, as the database takes them: one at least.
fn millis(left: Duration) -> i64 {
    i64::try_from(left.as_millis()).unwrap_or(i64::MAX / 1_000_000).max(1)
}

impl fmt::Debug for InTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTransaction").field("store", self.store).finish_non_exhaustive()
    }
}
