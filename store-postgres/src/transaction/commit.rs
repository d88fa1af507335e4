//! Committing a user's transaction, with the outcomes of what was staged in it.

use std::time::Duration;

use annals::store::Appended;
use annals::{AppendError, StoreError};
use futures::TryStreamExt;
use serde_json::Value;
use sqlx::postgres::{PgRow, PgTransactionManager};
use sqlx::{Either, Executor, Postgres, Row, Transaction};
use sqlx_core::transaction::TransactionManager;
use tokio::time::{Instant, timeout, timeout_at};

use crate::PostgresStore;
use crate::error::{Kind, damaged, kind, store_error};
use crate::row::unsigned;
use crate::transaction::refusal;
use crate::writer::staged_outcome;

/// How long the end of what has been decided already is waited for.
const GRACE: Duration = Duration::from_secs(1);

const SAVEPOINT: &str = "what was to be committed is a savepoint, which was rolled back: commit \
    savepoints with their own `commit`, and give the store the transaction around them";

/// What was staged.
struct Staged {
    appends: i64,
    left: Option<Duration>,
}

/// Two statements: what is staged can only be changed by this transaction itself.
pub(super) async fn commit(
    store: &PostgresStore,
    mut tx: Transaction<'_, Postgres>,
) -> Result<Vec<Appended>, AppendError> {
    // A `COMMIT` ends the transaction as a whole, in whatever savepoint it is sent.
    if PgTransactionManager::get_transaction_depth(&tx) != 1 {
        undo(tx).await;
        return Err(AppendError::Store(StoreError::permanent(SAVEPOINT)));
    }
    let latest = Instant::now() + store.inner.settings.append_timeout;
    let staged = match timeout_at(latest, ask(store, &mut tx)).await {
        Ok(Ok(staged)) => staged,
        // Nothing was committed, and nothing will be: the transaction is rolled back.
        Ok(Err(error)) => {
            undo(tx).await;
            return Err(AppendError::Store(store_error(&error)));
        }
        Err(_) => return Err(AppendError::Store(StoreError::transient("no answer in time"))),
    };
    if staged.appends == 0 {
        let done = timeout_at(latest, tx.commit()).await;
        return match done {
            Ok(Ok(())) => Ok(Vec::new()),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(silent()),
        };
    }
    let until = staged.left.map_or(latest, |left| latest.min(Instant::now() + left));
    if until <= Instant::now() {
        undo(tx).await;
        return Err(AppendError::DeadlineExceeded);
    }
    let mut committed = false;
    let Ok(sent) = timeout_at(until, send(store, &mut tx, &mut committed)).await else {
        return Err(silent());
    };
    match sent {
        Ok(rows) => {
            let appended = read(store, &rows).map_err(|error| unreadable(&error));
            // The transaction that follows has nothing in it that could be lost.
            drop(timeout(GRACE, tx.commit()).await);
            let appended = appended?;
            tell(store, &appended);
            Ok(appended)
        }
        // What has failed is the question for the outcomes.
        Err(error) if committed => {
            undo(tx).await;
            Err(unreadable(&error))
        }
        Err(error) => {
            close(tx, &error).await;
            match refusal::repeated(&error) {
                Some(outcomes) => appended(store, &outcomes).map_err(|error| unreadable(&error)),
                None => Err(refusal::of(&error).unwrap_or_else(|| failed(&error))),
            }
        }
    }
}

async fn ask(store: &PostgresStore, tx: &mut Transaction<'_, Postgres>) -> sqlx::Result<Staged> {
    let pooler = store.inner.settings.pooler;
    let query = store.inner.sql.before_commit.query().persistent(!pooler);
    let row = query.fetch_one(&mut **tx).await?;
    let left: Option<i64> = row.try_get(1)?;
    let left = left.map(|left| Duration::from_millis(unsigned(left.max(0))));
    Ok(Staged { appends: row.try_get(0)?, left })
}

/// Commits, and fetches the outcomes; says as soon as it is known that it was committed.
async fn send(
    store: &PostgresStore,
    tx: &mut Transaction<'_, Postgres>,
    committed: &mut bool,
) -> sqlx::Result<Vec<PgRow>> {
    let mut answers = sqlx::raw_sql(store.inner.sql.commit.safe()).fetch_many(&mut **tx);
    let mut rows = Vec::new();
    while let Some(answer) = answers.try_next().await? {
        match answer {
            // The first statement of the message is the commit.
            Either::Left(_) => *committed = true,
            Either::Right(row) => rows.push(row),
        }
    }
    Ok(rows)
}

fn read(store: &PostgresStore, rows: &[PgRow]) -> sqlx::Result<Vec<Appended>> {
    let none = || damaged("the outcomes of a transaction are not there");
    let outcomes: Option<&str> = rows.first().ok_or_else(none)?.try_get(0)?;
    appended(store, outcomes.ok_or_else(none)?)
}

fn appended(store: &PostgresStore, outcomes: &str) -> sqlx::Result<Vec<Appended>> {
    let read = || -> Option<Vec<Appended>> {
        let outcomes: Vec<Value> = serde_json::from_str(outcomes).ok()?;
        outcomes.iter().map(|outcome| staged_outcome(&store.inner.info, outcome)).collect()
    };
    read().ok_or_else(|| damaged("the outcomes of a transaction are none"))
}

fn tell(store: &PostgresStore, appended: &[Appended]) {
    for write in appended.iter().flat_map(|appended| &appended.writes) {
        store.inner.hub.grown(write.partition, write.position);
    }
}

/// After a commit that was refused the server is in no transaction any more, of which
/// the driver knows nothing: it would end the next one, or have the server complain of
/// none.
async fn close(mut tx: Transaction<'_, Postgres>, error: &sqlx::Error) {
    if error.as_database_error().is_some() {
        let close = async {
            tx.execute("BEGIN").await?;
            tx.rollback().await
        };
        drop(timeout(GRACE, close).await);
    }
}

/// What a commit that failed otherwise means.
fn failed(error: &sqlx::Error) -> AppendError {
    let failure = store_error(error);
    match kind(error) {
        Kind::Doubt => AppendError::Unknown(failure),
        _ => AppendError::Store(failure),
    }
}

/// It was committed, but what was said of it cannot be read.
fn unreadable(error: &sqlx::Error) -> AppendError {
    AppendError::Unknown(store_error(error))
}

/// Rolls back at once: dropped, a transaction on a borrowed connection would keep its
/// rows locked until that is used again.
async fn undo(tx: Transaction<'_, Postgres>) {
    drop(timeout(GRACE, tx.rollback()).await);
}

fn silent() -> AppendError {
    AppendError::Unknown(StoreError::transient("no answer in time"))
}
