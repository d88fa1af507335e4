//! Waits for the end of the log.

use std::collections::HashMap;
use std::time::Duration;

use annals::read_model::{ModelId, ReadModelStore, Unit, UnitStatus};
use annals::store::LogQuery;
use annals::{Checkpoint, EventStore, ReadError};
use futures::TryStreamExt;
use tokio::time::{Instant, sleep_until};

use super::error::RunError;
use super::feeder::Shared;

/// How often it is looked how far units have come that are fed elsewhere.
const LOOK: Duration = Duration::from_millis(100);

/// Units of which the log still knows the place: who is ahead of a log that has lost its
/// tail has not caught up with it. A standby that lags has lost nothing.
async fn still_known(
    shared: &Shared,
    units: Vec<(Unit, Checkpoint)>,
) -> Result<Vec<Unit>, ReadError> {
    let mut known = Vec::with_capacity(units.len());
    for (unit, checkpoint) in units {
        if checkpoint.event().is_some() {
            let query = LogQuery::resume(checkpoint).newest().limit(1);
            let read = shared.log.read_all(query).try_next().await;
            // What may pass is left to who feeds it.
            read.map(drop)
                .or_else(|error| if error.is_transient() { Ok(()) } else { Err(error) })?;
        }
        known.push(unit);
    }
    Ok(known)
}

pub(super) async fn wait(shared: &Shared, models: &[ModelId]) -> Result<(), RunError> {
    let mut heads = HashMap::new();
    for partition in shared.log.log().partitions.iter() {
        heads.insert(partition, shared.log.log_head(partition).await?.position());
    }
    let mut units = Vec::new();
    for model in shared.models.models(None).await? {
        if models.contains(&model.declaration.id) {
            units.extend(model.units.into_iter().map(|status| (status.unit, status.checkpoint)));
        }
    }
    let mut units = still_known(shared, units).await?;
    let mut look = Instant::now() + LOOK;
    loop {
        // Listened for before it is looked.
        let mut news = std::pin::pin!(shared.board.news.notified());
        news.as_mut().enable();
        units.retain(|unit| {
            let reached = shared.board.reached(unit);
            reached.is_none_or(|reached| reached.position() < heads[&unit.partition])
        });
        // Nor is it the end while events are tried again here.
        if units.is_empty() && !shared.board.has_asides() {
            return Ok(());
        }
        if let Some((unit, trouble)) = shared.board.stopped() {
            return Err(RunError::Stopped { unit: Box::new(unit), reason: trouble.reason });
        }
        tokio::select! {
            biased;
            // First, because under load there is always news.
            () = sleep_until(look) => {
                look = Instant::now() + LOOK;
                let models = shared.models.models(None).await?;
                let all: Vec<_> = models.into_iter().flat_map(|model| model.units).collect();
                // One that is not there any more, because its version was discarded, is not
                // waited for.
                units.retain(|unit| {
                    let behind = |status: &UnitStatus| {
                        status.unit == *unit && status.checkpoint.position() < heads[&unit.partition]
                    };
                    all.iter().any(behind)
                });
            }
            () = news => {}
        }
    }
}
