//! From where on a process follows the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{
    AnyStore, AppendError, Event, EventStore, ExpectedVersion, Origin, Position, Recorded, StreamId,
};
use futures::TryStreamExt;

use crate::append::{append_surely, failed};
use crate::boundary::{Boundary, Hook};
use crate::error::ProcessError;
use crate::step::{Deployed, ProcessEvent};

/// The category of what is known of processes as a whole.
const CATEGORY: &str = "annals.process";

/// How often is looked again because another worker has begun at the same moment.
const CONFLICTS: u32 = 20;

/// From where on a process follows the log, for each type of event: the last one of each
/// partition that it does not follow.
///
/// It is fixed in the log when the process is started for the first time with such a type: what
/// happened before has been seen to otherwise, and nothing that is lost beside the log, such as
/// a checkpoint, begins it anew.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark {
    behind: BTreeMap<String, Arc<[Position]>>,
}

impl Mark {
    /// Whether an event is for the process.
    pub(crate) fn follows<E>(&self, event: &Recorded<E>) -> bool {
        let behind = self.behind.get(&*event.name).and_then(|all| all.get(event.partition.index()));
        // What an imported event asks for has been seen to where it was recorded.
        event.origin != Origin::Imported && behind.is_none_or(|behind| event.position > *behind)
    }

    fn add(&mut self, deployed: Deployed) {
        let behind: Arc<[Position]> = deployed.behind.into();
        for name in deployed.names {
            self.behind.entry(name).or_insert_with(|| behind.clone());
        }
    }
}

/// The mark of a process that follows these events. Types that it has not followed before are
/// added, from the beginning of the log only where the process itself is new.
pub(crate) async fn deployed<E: Event>(
    store: &AnyStore,
    process: &str,
    from_beginning: bool,
    hook: &Hook,
) -> Result<Mark, ProcessError> {
    let stream = StreamId::new(CATEGORY, process)?;
    for _ in 0..CONFLICTS {
        let (mut mark, at) = known(store, &stream).await?;
        let names: BTreeSet<_> = E::SCHEMAS.iter().map(|schema| schema.name.to_owned()).collect();
        let names: Vec<_> =
            names.into_iter().filter(|name| !mark.behind.contains_key(name)).collect();
        if names.is_empty() {
            return Ok(mark);
        }
        let mut behind = Vec::new();
        for partition in store.log().partitions.iter() {
            behind.push(match from_beginning && at == ExpectedVersion::NoStream {
                true => Position::START,
                false => store.log_head(partition).await?.position(),
            });
        }
        let deployed = Deployed { names, behind };
        let event = ProcessEvent::Deployed(deployed.clone());
        let event = NewEvent::encode(store.log().codec, &event)?;
        hook.at(Boundary::BeforeMark).await;
        match append_surely(store, Append::to(stream.clone(), at, vec![event])).await {
            Ok(_) => {
                hook.at(Boundary::AfterMark).await;
                mark.add(deployed);
                return Ok(mark);
            }
            // Another worker has begun at the same moment.
            Err(AppendError::Conflict(_)) => {}
            Err(error) => return Err(failed(error).into()),
        }
    }
    Err(ProcessError::Contended)
}

/// The mark as it stands in the log, and behind which version more is added to it.
async fn known(
    store: &AnyStore,
    stream: &StreamId,
) -> Result<(Mark, ExpectedVersion), ProcessError> {
    let (mut mark, mut at) = (Mark::default(), ExpectedVersion::NoStream);
    let mut events = store.read(StreamQuery::forwards(stream.clone()));
    while let Some(raw) = events.try_next().await? {
        at = ExpectedVersion::Exactly(raw.version);
        let origin = raw.origin;
        let ProcessEvent::Deployed(mut deployed) = raw.decode::<ProcessEvent>()?.event else {
            continue;
        };
        // These are places of another log. All that was recorded in this one came later.
        if origin == Origin::Imported {
            deployed.behind.clear();
        }
        mark.add(deployed);
    }
    Ok((mark, at))
}
