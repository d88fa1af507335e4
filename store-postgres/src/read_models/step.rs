//! Steps: a transaction each, whose last statement is the fence.

mod columns;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use annals::StoreError;
use annals::read_model::{
    CommitError, Committed, Document, DocumentKey, Lease, Resumed, Shape, Step,
};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Connection, PgConnection, Row, Transaction};

use crate::error::{Kind, kind, store_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::{Statement, has_code};
use crate::read_models::declare::misnamed;
use crate::read_models::documents::document;
use crate::read_models::keys::Keys;
use crate::read_models::row::{self, small};
use crate::row::signed;
use crate::session::BEGIN;
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
}

impl fmt::Debug for PostgresStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStep").field("unit", &self.lease.unit).finish_non_exhaustive()
    }
}

fn failed(error: &sqlx::Error) -> CommitError {
    CommitError::Store(store_error(error))
}

impl PostgresReadModels {
    pub(super) async fn resumed(&self, lease: &Lease) -> Result<Resumed, CommitError> {
        let (access, sql) = (&self.inner.access, &self.inner.sql);
        let settle = || of_unit(sql.settle_doubt.query(), lease);
        access.write(settle()).await.map_err(|error| failed(&error))?;
        let rows = access.read(|| of_lease(sql.resume.query(), lease)).await;
        let rows = rows.map_err(|error| failed(&error))?;
        let row = rows.first().ok_or(CommitError::Fenced)?;
        let resumed = || -> sqlx::Result<Resumed> {
            Ok(Resumed {
                checkpoint: row::checkpoint(row, lease.unit.partition)?,
                hold: row::hold(row, lease.unit.partition)?,
                parked: row.try_get("parked")?,
                alone: row.try_get("alone")?,
            })
        };
        resumed().map_err(|error| failed(&error))
    }

    pub(super) async fn begun(&self, lease: &Lease) -> Result<PostgresStep, CommitError> {
        let tables = self.tables(&lease.unit.model).map_err(misnamed)?;
        let begin = async {
            let mut tx = self.inner.access.begin(BEGIN).await?;
            let commit = (!self.inner.settings.durable).then_some("off");
            let query = of_lease(self.inner.sql.begin_step.query(), lease).bind(commit);
            let row = query.fetch_optional(&mut *tx).await?;
            Ok((tx, row))
        };
        let begun = self.inner.access.in_time(begin).await;
        let (mut tx, row) = begun.map_err(|error| failed(&error))?;
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
            })
        };
        begun.await.map_err(|error: sqlx::Error| failed(&error))
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

    pub(super) async fn loaded(
        &self,
        step: &mut PostgresStep,
        keys: &[DocumentKey],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        step.check(keys)?;
        let tables = &step.tables;
        let statement = if step.alone { &tables.documents } else { &tables.documents_locked };
        let query = Keys::of(keys)?.bind(statement.query());
        let rows = query.fetch_all(&mut *step.tx).await.map_err(|error| store_error(&error))?;
        let found: sqlx::Result<HashMap<_, _>> = rows.iter().map(document).collect();
        let found = found.map_err(|error| store_error(&error))?;
        if !step.alone {
            step.absent.extend(keys.iter().filter(|key| !found.contains_key(*key)).cloned());
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    pub(super) async fn saved(
        &self,
        step: &mut PostgresStep,
        mut documents: Vec<(DocumentKey, Option<Document>)>,
    ) -> Result<(), StoreError> {
        step.check(documents.iter().map(|(key, _)| key))?;
        // All who write do so in the order of the keys: nobody waits in a circle.
        documents.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (written, deleted): (Vec<_>, Vec<_>) =
            documents.iter().partition(|(_, document)| document.is_some());
        let (new, over): (Vec<_>, Vec<_>) =
            written.into_iter().partition(|(key, _)| step.absent.contains(key));
        let tables = step.tables.clone();
        if !deleted.is_empty() {
            let keys = Keys::of(deleted.iter().map(|(key, _)| key))?;
            let done = keys.bind(tables.delete.query()).execute(&mut *step.tx).await;
            done.map_err(|error| store_error(&error))?;
        }
        for (statement, documents) in [(&tables.insert, new), (&tables.upsert, over)] {
            if documents.is_empty() {
                continue;
            }
            let keys = Keys::of(documents.iter().map(|(key, _)| key))?;
            let query = keys.bind(statement.query()).bind(texts(&documents)?);
            let done = query.execute(&mut *step.tx).await;
            done.map_err(|error| unwritten(&error))?;
        }
        for (key, document) in documents {
            // From now on what stands under the key is our own.
            if document.is_some() {
                step.absent.remove(&key);
            }
        }
        Ok(())
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
            expose.execute(&mut *step.tx).await.map_err(|error| failed(&error))?;
        }
        let query = sql.advance.query().bind(step.model).bind(unit.partition.get().cast_signed());
        let query = query.bind(i32::from(unit.slice)).bind(step.lease.worker.as_uuid());
        let query = query.bind(signed(step.lease.token)).bind(step.lease.length.as_secs_f64());
        let query = columns::bind(query, what)?;
        let row = query.fetch_one(&mut *step.tx).await.map_err(|error| failed(&error))?;
        let read = || -> sqlx::Result<(String, Committed)> {
            let hold = row::hold_of(&row, &step.lease, what.from.log())?;
            let wishes = row.try_get::<Option<bool>, _>("wishes")?.unwrap_or(false);
            Ok((row.try_get("outcome")?, Committed { hold, wishes }))
        };
        let (outcome, committed) = read().map_err(|error| failed(&error))?;
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
        step.tx.commit().await.map_err(|error| match kind(&error) {
            Kind::Doubt => CommitError::Unknown(store_error(&error)),
            _ => failed(&error),
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

impl PostgresStep {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Refuses keys that the table cannot have.
    fn check<'k>(&self, keys: impl IntoIterator<Item = &'k DocumentKey>) -> Result<(), StoreError> {
        let id = &self.lease.unit.model;
        let Shape::Documents(kind) = self.shape else {
            return Err(StoreError::permanent(format!("{id} keeps no documents")));
        };
        if let Some(other) = keys.into_iter().find(|key| key.kind() != kind) {
            let found = other.kind();
            return Err(StoreError::permanent(format!("{id} has keys of {kind}, not {found}")));
        }
        Ok(())
    }
}

fn texts<'d>(
    documents: &[&'d (DocumentKey, Option<Document>)],
) -> Result<Vec<&'d str>, StoreError> {
    let text = |(_, document): &&'d (DocumentKey, Option<Document>)| {
        std::str::from_utf8(document.as_deref().unwrap_or_default())
    };
    let texts: Result<_, _> = documents.iter().map(text).collect();
    texts.map_err(|_| StoreError::permanent("a document is not UTF-8"))
}

/// Another unit has written the first document under a key meanwhile: made again, the
/// step reads it.
fn unwritten(error: &sqlx::Error) -> StoreError {
    if has_code(error, "23505") {
        return StoreError::transient("another unit has written a new document meanwhile");
    }
    store_error(error)
}

fn of_unit<'q>(query: Statement<'q>, lease: &Lease) -> Statement<'q> {
    let unit = &lease.unit;
    let query = query.bind(&unit.model.name).bind(small(unit.model.version));
    query.bind(unit.partition.get().cast_signed()).bind(i32::from(unit.slice))
}

fn of_lease<'q>(query: Statement<'q>, lease: &Lease) -> Statement<'q> {
    of_unit(query, lease).bind(lease.worker.as_uuid()).bind(signed(lease.token))
}
