//! Steps: a transaction each, whose last statement is the fence.

mod columns;
mod documents;
mod write;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{CommitError, Committed, DocumentKey, Lease, Resumed, Shape, Step, Unit};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Connection, PgConnection, Row, Transaction};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::error::{Kind, kind, store_error, write_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::{BRIEF, Statement};
use crate::read_models::declare::misnamed;
use crate::read_models::row::{self, small};
use crate::row::signed;
use crate::sql::TableSql;

/// A step under way. Dropped, it has changed nothing.
pub struct PostgresStep {
    pub(super) tx: Transaction<'static, Postgres>,
    lease: Lease,
    model: i32,
    shape: Shape,
    tables: Arc<TableSql>,
    /// Whether no other unit feeds the same documents.
    alone: bool,
    /// Where others do: keys under which there was nothing when they were read. What is
    /// written there was made from nothing, and must not go over what another has written.
    absent: HashSet<DocumentKey>,
    /// Whether a projection may have made tables that are to be shown.
    expose: bool,
    /// Given back behind the connection.
    _room: OwnedSemaphorePermit,
}

impl fmt::Debug for PostgresStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStep").field("unit", &self.lease.unit).finish_non_exhaustive()
    }
}

/// How long an answer may take beyond the lease, within which the server gives one.
const GRACE: Duration = Duration::from_secs(5);

/// No answer in a time in which a server that is there has given one is a failure of the
/// connection.
async fn within<T>(lease: &Lease, call: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    timeout(lease.length + GRACE, call).await.unwrap_or_else(silent)
}

fn failed(error: &sqlx::Error) -> CommitError {
    CommitError::Store(store_error(error))
}

impl PostgresReadModels {
    pub(super) async fn resumed(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        let (access, sql) = (&self.inner.access, &self.inner.sql);
        let settle = async {
            let _room = self.room().await?;
            access.write(of_unit(sql.settle_doubt.query(), lease)).await
        };
        settle.await.map_err(|error| failed(&error))?;
        let rows = access.read(|| of_lease(sql.resume.query(), lease)).await;
        let rows = rows.map_err(|error| failed(&error))?;
        let row = rows.first().ok_or(CommitError::Fenced)?;
        let resumed = || -> sqlx::Result<Resumed> {
            Ok(Resumed {
                checkpoint: row::checkpoint(row, lease.unit.partition)?,
                hold: row::hold(row, row::log(row)?, lease.unit.partition)?,
                parked: row.try_get("parked")?,
                alone: row.try_get("alone")?,
            })
        };
        resumed().map_err(|error| failed(&error))
    }

    pub(super) async fn begun(&self, lease: &Lease) -> Result<PostgresStep, CommitError> {
        let tables = self.tables(&lease.unit.model).map_err(misnamed)?;
        let begin = async {
            let room = self.room().await?;
            let mut tx = self.inner.access.begin(BRIEF).await?;
            let commit = (!self.inner.settings.durable).then_some("off");
            let query = of_lease(self.inner.sql.begin_step.query(), lease).bind(commit);
            let row = query.fetch_optional(&mut *tx).await?;
            Ok((room, tx, row))
        };
        let begun = self.inner.access.in_time(begin).await;
        let (room, mut tx, row) = begun.map_err(|error| failed(&error))?;
        let row = row.ok_or(CommitError::Fenced)?;
        let begun = async {
            let shape = row::shape(&row)?;
            if shape == Shape::Tables && self.others_worked_on(&lease.unit.model, &row)? {
                // The text of a statement may mean another table here.
                tx.clear_cached_statements().await?;
            }
            let current: bool = row.try_get("current")?;
            Ok(PostgresStep {
                tx,
                lease: lease.clone(),
                model: row.try_get("model")?,
                shape,
                tables,
                alone: row.try_get("alone")?,
                absent: HashSet::new(),
                expose: current && shape == Shape::Tables && !self.exposed(lease),
                _room: room,
            })
        };
        begun.await.map_err(|error: sqlx::Error| failed(&error))
    }

    /// The same, and no other unit makes tables of the version meanwhile.
    pub(super) async fn begun_alone(&self, lease: &Lease) -> Result<PostgresStep, CommitError> {
        let mut step = self.begun(lease).await?;
        if step.shape == Shape::Tables {
            let lock = self.inner.sql.set_up_lock.query().bind(step.model);
            let locked = within(lease, lock.execute(&mut *step.tx)).await;
            locked.map_err(|error| failed(&error))?;
        }
        Ok(step)
    }

    /// Waits for room among the steps; the semaphore is never closed.
    async fn room(&self) -> sqlx::Result<OwnedSemaphorePermit> {
        let room = self.inner.steps.clone().acquire_owned();
        self.inner.access.in_time(async { room.await.map_err(|_| sqlx::Error::PoolClosed) }).await
    }

    /// Whether the connection has served another version before.
    fn others_worked_on(
        &self,
        id: &annals::read_model::ModelId,
        row: &PgRow,
    ) -> sqlx::Result<bool> {
        let backend: i32 = row.try_get("backend")?;
        let mut served = crate::read_models::store::lock(&self.inner.served);
        // Of connections that are gone; to forget one that is not costs little.
        if served.len() > 1_000 {
            served.clear();
        }
        Ok(served.insert(backend, id.clone()).is_none_or(|before| before != *id))
    }

    pub(super) async fn committed(
        &self,
        mut step: PostgresStep,
        what: &Step,
    ) -> Result<Committed, CommitError> {
        let sql = &self.inner.sql;
        let unit = step.lease.unit.clone();
        if step.expose {
            let expose = sql.expose.query().bind(&unit.model.name);
            within(&step.lease, expose.execute(&mut *step.tx))
                .await
                .map_err(|error| failed(&error))?;
        }
        let query = sql.advance.query().bind(step.model).bind(unit.partition.get().cast_signed());
        let query = query.bind(i32::from(unit.slice)).bind(step.lease.worker.as_uuid());
        let query = query.bind(signed(step.lease.token)).bind(step.lease.length.as_secs_f64());
        let query = columns::bind(query, what)?;
        let row = within(&step.lease, query.fetch_one(&mut *step.tx)).await;
        let row = row.map_err(|error| CommitError::Store(write_error(&error)))?;
        let answer = answer(&row, what, &unit);
        let (outcome, committed) = answer.map_err(|error| failed(&error))?;
        let refused = match (&*outcome, committed.hold) {
            ("done", _) => None,
            ("moved", _) => Some(CommitError::Moved),
            ("held", Some(hold)) => Some(CommitError::Held(hold)),
            _ => Some(CommitError::Fenced),
        };
        if let Some(refused) = refused {
            // At once, so that it holds up nobody; a connection that is lost does so, too.
            drop(step.tx.rollback().await);
            return Err(refused);
        }
        within(&step.lease, step.tx.commit()).await.map_err(|error| match kind(&error) {
            Kind::Doubt => CommitError::Unknown(store_error(&error)),
            // What was deferred is checked here.
            _ => CommitError::Store(write_error(&error)),
        })?;
        if step.expose {
            self.has_exposed(&step.lease);
        }
        if what.from != what.to {
            self.inner.news.moved(&unit.model.name);
        }
        Ok(committed)
    }
}

/// What the fence has answered.
fn answer(row: &PgRow, what: &Step, unit: &Unit) -> sqlx::Result<(String, Committed)> {
    let hold = row::hold(row, what.from.log(), unit.partition)?;
    let wishes = row.try_get::<Option<bool>, _>("wishes")?.unwrap_or(false);
    Ok((row.try_get("outcome")?, Committed { hold, wishes }))
}

impl PostgresStep {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

fn of_unit<'q>(query: Statement<'q>, lease: &Lease) -> Statement<'q> {
    let unit = &lease.unit;
    let query = query.bind(&unit.model.name).bind(small(unit.model.version));
    query.bind(unit.partition.get().cast_signed()).bind(i32::from(unit.slice))
}

fn of_lease<'q>(query: Statement<'q>, lease: &Lease) -> Statement<'q> {
    of_unit(query, lease).bind(lease.worker.as_uuid()).bind(signed(lease.token))
}
