//! A document that is replaced from outside of its feed.

use annals::Checkpoint;
use annals::read_model::{Document, DocumentKey, MendError, ModelId};
use sqlx::{PgConnection, Row};

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::BRIEF;
use crate::read_models::declare::misnamed;
use crate::read_models::keys::Keys;
use crate::read_models::row::{self, small};
use crate::sql::TableSql;

/// What became of it.
enum Outcome {
    Done,
    Unknown,
    Moved,
    Parked,
}

impl PostgresReadModels {
    pub(super) async fn mended(
        &self,
        id: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
        document: Option<&Document>,
    ) -> Result<(), MendError> {
        let tables = self.tables(id).map_err(misnamed)?;
        let text = document.map(|document| std::str::from_utf8(document)).transpose();
        let text = text.map_err(annals::StoreError::permanent)?;
        let keys = Keys::of(std::slice::from_ref(key))?;
        let mend = async {
            let mut tx = self.inner.access.begin(BRIEF).await?;
            let outcome = self.mend_in(&mut tx, id, at, key).await?;
            if let Outcome::Done = outcome {
                write(&mut tx, &tables, keys, text).await?;
                tx.commit().await?;
            }
            Ok(outcome)
        };
        let mended = self.inner.access.in_time(mend).await;
        let id = id.clone();
        match mended.map_err(|error| store_error(&error))? {
            Outcome::Done => {
                self.inner.news.stir();
                Ok(())
            }
            Outcome::Unknown => Err(MendError::Unknown { id }),
            Outcome::Moved => Err(MendError::Moved { id }),
            Outcome::Parked => Err(MendError::Parked { id }),
        }
    }

    /// Locks the units first: a step that has read the document under its old lease is
    /// fenced behind it. One that has locked the document and now waits for its unit is a
    /// deadlock, which the server ends: a failure that may pass for one of both.
    async fn mend_in(
        &self,
        db: &mut PgConnection,
        id: &ModelId,
        at: &[Checkpoint],
        key: &DocumentKey,
    ) -> sqlx::Result<Outcome> {
        let sql = &self.inner.sql;
        let query = sql.mend_units.query().bind(&id.name).bind(small(id.version));
        let units = query.fetch_all(&mut *db).await?;
        let Some(first) = units.first() else { return Ok(Outcome::Unknown) };
        let model: i32 = first.try_get("model")?;
        for unit in &units {
            if !at.contains(&row::checkpoint(unit, row::partition(unit)?)?) {
                return Ok(Outcome::Moved);
            }
        }
        let parked = sql.mend_parked.query().bind(model).bind(key.to_string());
        if parked.fetch_one(&mut *db).await?.try_get(0)? {
            return Ok(Outcome::Parked);
        }
        sql.mend_leases.query().bind(model).execute(db).await?;
        Ok(Outcome::Done)
    }
}

async fn write(
    db: &mut PgConnection,
    tables: &TableSql,
    keys: Keys,
    text: Option<&str>,
) -> sqlx::Result<()> {
    let query = match text {
        Some(text) => keys.bind(tables.upsert.query()).bind(vec![text]),
        None => keys.bind(tables.delete.query()),
    };
    query.execute(db).await.map(drop)
}
