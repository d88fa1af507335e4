//! Versions, held at one place for a while.

use annals::StoreError;
use annals::read_model::{Hold, HoldError, HoldId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::BRIEF;
use crate::read_models::row::small;

/// What is known of the versions behind the lock.
enum Found {
    Nothing,
    Free,
    Own,
    Taken,
}

impl PostgresReadModels {
    pub(super) async fn held(&self, hold: &Hold) -> Result<(), HoldError> {
        let Hold { name, versions, by, length } = hold;
        let sql = &self.inner.sql;
        let wanted = versions.map(small).to_vec();
        let work = async {
            let mut tx = self.inner.access.begin(BRIEF).await?;
            let query = sql.lock_units.query().bind(name).bind(&wanted);
            let found = found(&query.fetch_all(&mut *tx).await?, &wanted, *by)?;
            let statement = match found {
                Found::Free => &sql.hold,
                Found::Own => &sql.renew_hold,
                Found::Nothing | Found::Taken => return Ok(found),
            };
            let query = statement.query().bind(name).bind(&wanted).bind(by.as_uuid());
            query.bind(length.as_secs_f64()).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(found)
        };
        let found = self.inner.access.in_time(work).await.map_err(|error| store_error(&error))?;
        match found {
            Found::Nothing => Err(HoldError::Unknown { name: name.clone(), versions: *versions }),
            Found::Taken => Err(HoldError::Taken { name: name.clone() }),
            Found::Free | Found::Own => {
                self.inner.news.stir();
                Ok(())
            }
        }
    }

    pub(super) async fn released(&self, name: &str, by: Option<HoldId>) -> Result<(), StoreError> {
        let query = self.inner.sql.release.query().bind(name);
        let query = query.bind(by.map(|by| *by.as_uuid()));
        let done = self.inner.access.execute(query).await;
        self.inner.news.stir();
        done.map(drop).map_err(|error| store_error(&error))
    }
}

fn found(units: &[PgRow], wanted: &[i32], by: HoldId) -> sqlx::Result<Found> {
    let versions = units.iter().map(|unit| unit.try_get("version"));
    let versions: Vec<i32> = versions.collect::<Result<_, _>>()?;
    if !wanted.iter().all(|version| versions.contains(version)) {
        return Ok(Found::Nothing);
    }
    let holders = units.iter().map(|unit| unit.try_get("hold_by"));
    let holders: Vec<Option<Uuid>> = holders.collect::<Result<_, _>>()?;
    let own = |holder: &Option<Uuid>| *holder == Some(*by.as_uuid());
    if holders.iter().any(|holder| holder.is_some() && !own(holder)) {
        return Ok(Found::Taken);
    }
    Ok(if holders.iter().all(own) { Found::Own } else { Found::Free })
}
