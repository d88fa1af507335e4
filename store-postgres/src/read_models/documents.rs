//! Documents, as queries read them.

use annals::StoreError;
use annals::read_model::{Document, DocumentKey, Documents, Which};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::has_code;
use crate::read_models::declare::misnamed;
use crate::read_models::keys::{self, Keys};
use crate::row::{signed, unsigned};

impl PostgresReadModels {
    pub(super) async fn read_documents(
        &self,
        which: &Which,
        documents: &Documents,
    ) -> Result<Vec<(DocumentKey, Document)>, StoreError> {
        let access = &self.inner.access;
        // The current version is read through an SQL view, by one statement: whatever
        // version it shows is the current one then.
        let sql = self.which(which)?;
        let rows = match documents {
            Documents::Under(keys) if keys.is_empty() => return Ok(Vec::new()),
            Documents::Under(keys) => {
                let keys = Keys::of(keys)?;
                access.read(|| keys.bind(sql.documents.query())).await
            }
            Documents::After { key: None, limit } => {
                access.read(|| sql.documents_first.query().bind(signed(*limit))).await
            }
            Documents::After { key: Some(key), limit } => {
                key.check().map_err(StoreError::permanent)?;
                let query = || keys::bind(key, sql.documents_after.query()).bind(signed(*limit));
                access.read(query).await
            }
            _ => return Err(StoreError::permanent("these documents are not known here")),
        };
        let rows = rows.map_err(|error| explained(which, &error))?;
        let documents = rows.iter().map(document).collect::<sqlx::Result<_>>();
        documents.map_err(|error| store_error(&error))
    }

    pub(super) async fn count_documents(&self, which: &Which) -> Result<u64, StoreError> {
        let sql = self.which(which)?;
        let rows = self.inner.access.read(|| sql.count.query()).await;
        let rows = rows.map_err(|error| explained(which, &error))?;
        let count = rows.first().map_or(Ok(0), |row| row.try_get(0));
        count.map(unsigned).map_err(|error| store_error(&error))
    }

    fn which(&self, which: &Which) -> Result<std::sync::Arc<crate::sql::TableSql>, StoreError> {
        match which {
            Which::Current(name) => self.current(name).map_err(misnamed),
            Which::Version(id) => self.tables(id).map_err(misnamed),
            _ => Err(StoreError::permanent("this version is not known here")),
        }
    }
}

pub(super) fn document(row: &PgRow) -> sqlx::Result<(DocumentKey, Document)> {
    Ok((keys::read(row)?, Document::from(row.try_get::<String, _>(1)?)))
}

pub(super) fn explained(which: &Which, error: &sqlx::Error) -> StoreError {
    let what = match which {
        Which::Version(id) => id.to_string(),
        Which::Current(name) => name.clone(),
        _ => String::new(),
    };
    let any = |codes: &[&str]| codes.iter().any(|code| has_code(error, code));
    if any(&["42P01", "3F000", "42703"]) {
        return StoreError::permanent(format!(
            "there are no documents of `{what}`: it keeps none, or its table does not exist any \
             more or was altered"
        ));
    }
    // No operator compares the column with the argument.
    if any(&["42883"]) {
        return StoreError::permanent(format!("the keys of `{what}` are of another kind"));
    }
    store_error(error)
}
