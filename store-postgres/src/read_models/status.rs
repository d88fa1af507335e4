//! How read models are doing, each answer from one snapshot.

use std::collections::BTreeMap;

use annals::StoreError;
use annals::read_model::{
    Ledger, LetterQuery, Model, ModelId, Report, Tallies, Tally, Unit, UnitStatus,
};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::SNAPSHOT;
use crate::read_models::row::{self, declaration, small};
use crate::row::unsigned;

impl PostgresReadModels {
    pub(super) async fn all_models(&self, name: Option<&str>) -> Result<Vec<Model>, StoreError> {
        let sql = &self.inner.sql;
        let read = async {
            let mut tx = self.inner.access.begin(SNAPSHOT).await?;
            let models = sql.models.query().bind(name).fetch_all(&mut *tx).await?;
            let units = sql.units.query().bind(name).fetch_all(&mut *tx).await?;
            tx.commit().await?;
            let mut by_model: BTreeMap<ModelId, Vec<UnitStatus>> = BTreeMap::new();
            for row in &units {
                let status = status(row)?;
                by_model.entry(status.unit.model.clone()).or_default().push(status);
            }
            let model = |row: &PgRow| {
                let declaration = declaration(row)?;
                let units = by_model.remove(&declaration.id).unwrap_or_default();
                Ok(Model { declaration, state: row::state(row)?, units })
            };
            models.iter().map(model).collect()
        };
        self.inner.access.in_time(read).await.map_err(|error| store_error(&error))
    }

    pub(super) async fn books(&self, unit: &Unit) -> Result<Ledger, StoreError> {
        let sql = &self.inner.sql;
        let (partition, slice) = (unit.partition.get().cast_signed(), i32::from(unit.slice));
        let read = async {
            let mut tx = self.inner.access.begin(SNAPSHOT).await?;
            let query = sql.unit.query().bind(&unit.model.name).bind(small(unit.model.version));
            let row = query.bind(partition).bind(slice).fetch_optional(&mut *tx).await?;
            let Some(row) = row else { return Ok(None) };
            let model: i32 = row.try_get("model")?;
            let query = sql.blocks.query().bind(model).bind(partition).bind(slice);
            let blocks = query.fetch_all(&mut *tx).await?;
            let letters = self.letters_in(&mut tx, &LetterQuery::unit(unit.clone())).await?;
            tx.commit().await?;
            Ok(Some(Ledger {
                checkpoint: row::checkpoint(&row, unit.partition)?,
                blocks: blocks.iter().map(block).collect::<sqlx::Result<_>>()?,
                letters,
            }))
        };
        let ledger = self.inner.access.in_time(read).await.map_err(|error| store_error(&error))?;
        ledger.ok_or_else(|| StoreError::permanent(format!("there is no unit {unit}")))
    }
}

fn status(row: &PgRow) -> sqlx::Result<UnitStatus> {
    let unit = row::unit(row, row::model(row, "name", "version")?)?;
    let stopped: Option<bool> = row.try_get("stopped")?;
    let report = match stopped {
        None => None,
        Some(stopped) => Some(Report {
            unit: unit.clone(),
            rate: row.try_get::<Option<f64>, _>("rate")?.unwrap_or(0.0),
            trouble: row.try_get("trouble")?,
            since: row.try_get("since")?,
            stopped,
        }),
    };
    Ok(UnitStatus {
        checkpoint: row::checkpoint(row, unit.partition)?,
        moved_at: row.try_get("moved_at")?,
        holder: row.try_get("holder")?,
        report,
        parked: unsigned(row.try_get("parked")?),
        held_at: row::hold(row, row::log(row)?, unit.partition)?,
        blocked_by: row.try_get("blockers")?,
        unit,
    })
}

fn block(row: &PgRow) -> sqlx::Result<(u64, Tallies)> {
    let tally = |count: &str, hash: &str| -> sqlx::Result<Tally> {
        let hash = row.try_get::<i64, _>(hash)?.cast_unsigned();
        Ok(Tally { count: row.try_get(count)?, hash })
    };
    let tallies = Tallies {
        applied: tally("applied", "applied_hash")?,
        parked: tally("parked", "parked_hash")?,
        skipped: tally("skipped", "skipped_hash")?,
    };
    Ok((unsigned(row.try_get("block")?), tallies))
}
