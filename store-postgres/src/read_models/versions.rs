//! Versions: switched, discarded.

use std::time::Duration;

use annals::Partition;
use annals::read_model::{ModelId, SwitchError};
use sqlx::postgres::PgRow;
use sqlx::{Executor, Row};
use tokio::time::sleep;

use crate::error::{Failure, store_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::{BRIEF, Statement, has_code};
use crate::read_models::declare::dependents;
use crate::read_models::row::small;

/// Who waits for a lock of a view holds up all who come behind, so it is not for long.
const PATIENCE: &str = "SET LOCAL lock_timeout = '300ms'";
/// How often it is tried, with a pause in between that lets others pass.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

impl PostgresReadModels {
    pub(super) async fn switched(&self, name: &str, to: u32) -> Result<(), SwitchError> {
        let id = ModelId { name: name.to_owned(), version: to };
        let query = || self.inner.sql.switch.query().bind(name.to_owned()).bind(small(to));
        let row = self.change(&id, query).await?;
        let failed = |error| SwitchError::Store(store_error(&error));
        let partition: Option<i16> = row.try_get("at_partition").map_err(failed)?;
        match row.try_get("outcome").map_err(failed)? {
            "unknown" => Err(SwitchError::Unknown { id }),
            "behind" => {
                let partition = Partition::new(partition.unwrap_or_default().cast_unsigned());
                Err(SwitchError::Behind { id, partition })
            }
            _ => {
                // The new current version may have what somebody waits for.
                self.inner.news.moved(name);
                Ok(())
            }
        }
    }

    pub(super) async fn discarded(&self, name: &str, version: u32) -> Result<(), SwitchError> {
        let id = ModelId { name: name.to_owned(), version };
        let query = || self.inner.sql.discard.query().bind(name.to_owned()).bind(small(version));
        let row = self.change(&id, query).await?;
        match row.try_get(0).map_err(|error| SwitchError::Store(store_error(&error)))? {
            "unknown" => Err(SwitchError::Unknown { id }),
            "current" => Err(SwitchError::Current { id }),
            _ => {
                self.inner.news.stir();
                Ok(())
            }
        }
    }

    /// Makes a change that takes locks of tables, without holding up others for long.
    async fn change(
        &self,
        id: &ModelId,
        query: impl Fn() -> Statement<'static> + Send,
    ) -> Result<PgRow, SwitchError> {
        let once = || async {
            let mut tx = self.inner.access.begin(BRIEF).await?;
            tx.execute(PATIENCE).await?;
            let row = query().fetch_one(&mut *tx).await?;
            tx.commit().await?;
            Ok(row)
        };
        let mut tries = 1;
        loop {
            let error = match self.inner.access.in_time(once()).await {
                Ok(row) => return Ok(row),
                Err(error) => error,
            };
            // A lock that was not to be had, or a deadlock with a step.
            let may_pass = has_code(&error, "55P03") || has_code(&error, "40P01");
            if may_pass && tries < TRIES {
                tries += 1;
                sleep(PAUSE).await;
            } else if has_code(&error, "2BP01") || has_code(&error, "AN010") {
                let reason = format!("{}: {}", Failure::new(&error), dependents(&error));
                return Err(SwitchError::InUse { id: id.clone(), reason });
            } else {
                return Err(SwitchError::Store(store_error(&error)));
            }
        }
    }
}
