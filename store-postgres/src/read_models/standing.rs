//! Documents with the place up to which they are exact.

use std::collections::BTreeSet;

use annals::StoreError;
use annals::read_model::{DocumentKey, ModelId, Standing, Which};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::damaged;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::SNAPSHOT;
use crate::read_models::declare::misnamed;
use crate::read_models::documents::{document, explained};
use crate::read_models::keys::Keys;
use crate::read_models::row::{self, small};

impl PostgresReadModels {
    pub(super) async fn stands(
        &self,
        version: &ModelId,
        keys: &[DocumentKey],
    ) -> Result<Option<Standing>, StoreError> {
        let sql = &self.inner.sql;
        let tables = self.tables(version).map_err(misnamed)?;
        // A key which the database cannot keep is refused here.
        let wanted = Keys::of(keys)?;
        let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let read = async {
            // The first statement takes the snapshot in which the other reads.
            let mut tx = self.inner.access.begin(SNAPSHOT).await?;
            let query = sql.standing.query().bind(&version.name).bind(small(version.version));
            let units = query.bind(&texts).fetch_all(&mut *tx).await?;
            let documents = match units.first().filter(|_| !keys.is_empty()) {
                Some(_) => wanted.bind(tables.documents.query()).fetch_all(&mut *tx).await?,
                None => Vec::new(),
            };
            tx.commit().await?;
            standing(version, &units, &documents)
        };
        let which = Which::Version(version.clone());
        self.inner.access.in_time(read).await.map_err(|error| explained(&which, &error))
    }
}

fn standing(
    version: &ModelId,
    units: &[PgRow],
    documents: &[PgRow],
) -> sqlx::Result<Option<Standing>> {
    let Some(first) = units.first() else { return Ok(None) };
    let slices = first.try_get::<i32, _>("slices")?;
    let fingerprint = first.try_get::<i64, _>("fingerprint")?.cast_unsigned();
    let (mut parked, mut stand) = (BTreeSet::new(), Vec::with_capacity(units.len()));
    for row in units {
        let unit = row::unit(row, version.clone())?;
        let checkpoint = row::checkpoint(row, unit.partition)?;
        parked.extend(row.try_get::<Vec<String>, _>("parked")?);
        stand.push((unit, checkpoint));
    }
    let documents = documents.iter().map(document).collect::<sqlx::Result<_>>()?;
    let slices = u16::try_from(slices).map_err(|_| damaged("the slices of a read model"))?;
    let parked = parked.into_iter().collect();
    Ok(Some(Standing { fingerprint, slices, units: stand, documents, parked }))
}
