//! Waits until a read model has come to a place.

use std::collections::BTreeMap;
use std::time::Duration;

use annals::read_model::ReachedError;
use annals::{Partition, Position, Token};
use sqlx::Row;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::row;
use crate::row::unsigned;

/// How often it is looked where others tell.
const TOLD: Duration = Duration::from_secs(1);
/// The first pause between two looks where nobody tells.
const ALONE: Duration = Duration::from_millis(50);
/// The first look is made also where the deadline leaves no time.
const LOOK: Duration = Duration::from_secs(1);

impl PostgresReadModels {
    pub(super) async fn has_reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        let mut moved = self.inner.news.of(name);
        let mut pause = ALONE;
        let mut until = deadline.max(Instant::now() + LOOK);
        let mut behind = token.checkpoints().next().map_or(Partition::FIRST, |c| c.partition());
        loop {
            match timeout_at(until, self.behind(name, token)).await {
                Ok(Ok(None)) => return Ok(()),
                Ok(Ok(Some(partition))) => behind = partition,
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
            until = deadline;
            let late = ReachedError::TimedOut { name: name.to_owned(), partition: behind };
            if Instant::now() >= deadline {
                return Err(late);
            }
            let rest = if self.inner.news.told() { TOLD } else { pause };
            pause = (pause * 2).min(TOLD);
            let woken = async {
                tokio::select! {
                    // The sender is kept as long as somebody waits.
                    _ = moved.changed() => {}
                    () = sleep(rest) => {}
                }
            };
            if timeout_at(deadline, woken).await.is_err() {
                return Err(late);
            }
        }
    }

    /// A partition in which the current version is behind the token; `None` if it is not.
    async fn behind(&self, name: &str, token: &Token) -> Result<Option<Partition>, ReachedError> {
        let failed = |error| ReachedError::Store(store_error(&error));
        let partitions = token.checkpoints().map(|c| c.partition().get().cast_signed());
        let partitions: Vec<i16> = partitions.collect();
        let query = || self.inner.sql.reached.query().bind(name.to_owned()).bind(&partitions);
        let rows = self.inner.access.read(query).await.map_err(failed)?;
        let Some(first) = rows.first() else {
            return Err(ReachedError::Unknown { name: name.to_owned() });
        };
        if row::log(first).map_err(failed)? != token.log() {
            return Err(ReachedError::AnotherLog { name: name.to_owned() });
        }
        let mut reached = BTreeMap::new();
        for row in &rows {
            let partition: Option<i16> = row.try_get("partition").map_err(failed)?;
            let position: Option<i64> = row.try_get("position").map_err(failed)?;
            if let (Some(partition), Some(position)) = (partition, position) {
                let partition = Partition::new(partition.cast_unsigned());
                reached.insert(partition, Position::new(unsigned(position)));
            }
        }
        let is_behind = |partition: &Partition, wanted: Position| {
            reached.get(partition).is_none_or(|reached| *reached < wanted)
        };
        let mut places = token.checkpoints();
        let behind = places.find(|place| is_behind(&place.partition(), place.position()));
        Ok(behind.map(|place| place.partition()))
    }
}
