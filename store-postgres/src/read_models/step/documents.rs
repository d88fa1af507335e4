//! Documents, as steps read and write them.

use std::collections::HashMap;

use annals::StoreError;
use annals::read_model::{Document, DocumentKey, Shape};
use sqlx::error::DatabaseError;

use super::{PostgresStep, within};
use crate::error::{store_error, write_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::has_code;
use crate::read_models::documents::document;
use crate::read_models::keys::Keys;

impl PostgresReadModels {
    pub(in crate::read_models) async fn loaded(
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
        let rows = within(&step.lease, query.fetch_all(&mut *step.tx)).await;
        let rows = rows.map_err(|error| store_error(&error))?;
        let found: sqlx::Result<HashMap<_, _>> = rows.iter().map(document).collect();
        let found = found.map_err(|error| store_error(&error))?;
        if !step.alone {
            step.absent.extend(keys.iter().filter(|key| !found.contains_key(*key)).cloned());
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    pub(in crate::read_models) async fn saved(
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
        // What was not there when it was read need not go; what stands there by now is
        // another unit's, which comes after this step.
        let deleted: Vec<_> =
            deleted.into_iter().filter(|(key, _)| !step.absent.contains(key)).collect();
        if !deleted.is_empty() {
            let keys = Keys::of(deleted.iter().map(|(key, _)| key))?;
            let done = keys.bind(tables.delete.query()).execute(&mut *step.tx);
            let done = within(&step.lease, done).await;
            done.map_err(|error| write_error(&error))?;
        }
        for (statement, documents) in [(&tables.insert, new), (&tables.upsert, over)] {
            if documents.is_empty() {
                continue;
            }
            let keys = Keys::of(documents.iter().map(|(key, _)| key))?;
            let query = keys.bind(statement.query()).bind(texts(&documents)?);
            let done = within(&step.lease, query.execute(&mut *step.tx)).await;
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
}

impl PostgresStep {
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

pub(super) fn texts<'d>(
    documents: &[&'d (DocumentKey, Option<Document>)],
) -> Result<Vec<&'d str>, StoreError> {
    let text = |(_, document): &&'d (DocumentKey, Option<Document>)| {
        std::str::from_utf8(document.as_deref().unwrap_or_default())
    };
    let texts: Result<_, _> = documents.iter().map(text).collect();
    texts.map_err(|_| StoreError::content("a document is not UTF-8"))
}

/// Another unit has written the first document under a key meanwhile: made again, the
/// step reads it.
fn unwritten(error: &sqlx::Error) -> StoreError {
    let constraint = error.as_database_error().and_then(DatabaseError::constraint);
    // An index of the user's own says something about the event.
    if has_code(error, "23505") && constraint.is_some_and(|name| name.ends_with("_pkey")) {
        return StoreError::transient("another unit has written a new document meanwhile");
    }
    write_error(error)
}
