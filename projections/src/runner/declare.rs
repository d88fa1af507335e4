//! Makes a version known, and sees that it has passed over nothing that its code handles now.

use annals::read_model::{AnyReadModels, DeclareError, ModelId, ReadModelStore};
use annals::store::{Filter, LogQuery};
use annals::{AnyStore, EventStore, Partition, Position};
use futures::TryStreamExt;

use super::entry::Entry;
use super::error::StartError;

/// How often the log is searched once more because units have gone on meanwhile. They are
/// stopped for a moment each time, so that once or twice will do.
const SEARCHES: u32 = 20;

/// Declares a version. Where its code handles types of events that were not handled before,
/// the log is searched for them as far as the units have come; not where it is about what
/// happens from now on: what was passed over is not for it.
pub(super) async fn declare(
    log: &AnyStore,
    models: &AnyReadModels,
    entry: &Entry,
) -> Result<(), StartError> {
    let mut model = entry.declaration.clone();
    for _ in 0..SEARCHES {
        let (added, at) = match models.declare(&model).await {
            Err(DeclareError::Unsearched { added, at, .. }) => (added, at),
            answer => return Ok(answer.map(drop)?),
        };
        if entry.from_now_on {
            model.searched.extend(at);
            continue;
        }
        for (partition, position) in at {
            let from = model.searched.get(&partition).copied().unwrap_or_default();
            let search = Search { log, id: &model.id, added: &added, partition };
            model.searched.insert(partition, search.run(from, position).await?);
        }
    }
    models.declare(&model).await?;
    Ok(())
}

/// A search for events of types that are new to a version.
struct Search<'s> {
    log: &'s AnyStore,
    id: &'s ModelId,
    added: &'s [String],
    partition: Partition,
}

impl Search<'_> {
    /// Searches behind a position, and returns how far there is none: at least to where the
    /// units are.
    async fn run(&self, from: Position, units: Position) -> Result<Position, StartError> {
        // Read before the log is: what comes later lies behind it. A standby may tell less.
        let head = self.log.log_head(self.partition).await?.position();
        let names = self.added.iter().fold(Filter::all(), Filter::name);
        // Units may have gone on by what a standby does not know yet.
        let query = LogQuery::partition(self.partition).after(from).filter(names).newest();
        let query = query.limit(1);
        match self.log.read_all(query).try_next().await? {
            Some(event) if event.position <= units => Err(StartError::PassedOver {
                id: self.id.clone(),
                event: event.name.into_owned(),
                partition: self.partition,
                position: event.position,
            }),
            Some(event) => Ok(Position::new(event.position.get() - 1)),
            None => Ok(head.max(units)),
        }
    }
}
