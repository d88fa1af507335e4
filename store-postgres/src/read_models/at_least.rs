//! A document that is not older than a token: whether it is, and the document itself, by
//! one question.

use annals::read_model::{Document, DocumentKey, Documents, ReachedError, Which};
use annals::{StoreError, Token};
use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};
use tokio::time::Instant;

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::declare::misnamed;
use crate::read_models::documents::{document, explained};
use crate::read_models::keys;
use crate::read_models::wait::{Look, behind, places};

type Found = Vec<(DocumentKey, Document)>;

impl PostgresReadModels {
    pub(super) async fn read_at_least(
        &self,
        name: &str,
        documents: &Documents,
        token: &Token,
        deadline: Instant,
    ) -> Result<Found, ReachedError> {
        let which = Which::Current(name.to_owned());
        // Of several keys the server would plan anew each time, which takes longer than to
        // ask twice.
        let Some(key) = only(documents) else {
            self.has_reached(name, token, deadline).await?;
            return Ok(self.read_documents(&which, documents).await?);
        };
        key.check().map_err(StoreError::content)?;
        let sql = self.current(name).map_err(misnamed)?;
        let look = || async {
            let query = || {
                let query = keys::bind(key, sql.document_at_least.query()).bind(name.to_owned());
                places(query, token)
            };
            let access = &self.inner.access;
            let mut rows = access.read(query).await;
            if rows.as_deref().is_ok_and(are_of_two_moments) {
                rows = access.read_committed(query()).await;
            }
            let rows = match rows.map_err(|error| explained(&which, &error)) {
                Ok(rows) => rows,
                Err(error) if error.is_transient() => return Err(error.into()),
                // Without documents it can still be said that there is no such read model.
                Err(error) => {
                    return Ok(match self.look(name, token).await? {
                        Look::Behind(partition) => Look::Behind(partition),
                        Look::There(()) => return Err(error.into()),
                    });
                }
            };
            Ok(match behind(&rows, name, token)? {
                Some(partition) => Look::Behind(partition),
                None => Look::There(found(&rows)?),
            })
        };
        self.until_there(name, token, deadline, look).await
    }
}

/// The key, if one document is asked for.
fn only(documents: &Documents) -> Option<&DocumentKey> {
    let Documents::Under(keys) = documents else { return None };
    keys.first().filter(|_| keys.len() == 1)
}

/// Whether the document may be that of another version than was looked at: the isolation
/// of the connection is not ours.
fn are_of_two_moments(rows: &[PgRow]) -> bool {
    rows.iter().any(|row| !row.try_get("exact").unwrap_or(false))
}

fn found(rows: &[PgRow]) -> Result<Found, StoreError> {
    let is_there = |row: &&PgRow| row.try_get_raw(0).is_ok_and(|key| !key.is_null());
    let found = rows.iter().filter(is_there).map(document).collect::<sqlx::Result<_>>();
    found.map_err(|error| store_error(&error))
}
