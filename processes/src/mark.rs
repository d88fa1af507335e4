//! From where on a process follows the log.

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{AnyStore, AppendError, EventStore, ExpectedVersion, Origin, Position, StreamId};
use futures::TryStreamExt;

use crate::append::{append_surely, failed};
use crate::boundary::{Boundary, Hook};
use crate::error::ProcessError;
use crate::step::{Deployed, ProcessEvent};

/// The category of what is known of processes as a whole.
const CATEGORY: &str = "annals.process";

/// The last event of each partition that a process does not follow. It is fixed in the log when
/// the process is started for the first time: what happened before has been seen to otherwise,
/// and nothing that is lost beside the log, such as a checkpoint, begins it anew.
pub(crate) async fn deployed(
    store: &AnyStore,
    process: &str,
    from_beginning: bool,
    hook: &Hook,
) -> Result<Vec<Position>, ProcessError> {
    let stream = StreamId::new(CATEGORY, process)?;
    if let Some(behind) = known(store, &stream).await? {
        return Ok(behind);
    }
    let mut behind = Vec::new();
    for partition in store.log().partitions.iter() {
        behind.push(match from_beginning {
            true => Position::START,
            false => store.log_head(partition).await?.position(),
        });
    }
    let event = ProcessEvent::Deployed(Deployed { behind: behind.clone() });
    let event = NewEvent::encode(store.log().codec, &event)?;
    hook.at(Boundary::BeforeMark).await;
    let append = Append::to(stream.clone(), ExpectedVersion::NoStream, vec![event]);
    match append_surely(store, append).await {
        Ok(_) => {
            hook.at(Boundary::AfterMark).await;
            Ok(behind)
        }
        // Another worker has begun at the same moment, or this one without knowing it.
        Err(AppendError::Conflict(_)) => Ok(known(store, &stream).await?.unwrap_or(behind)),
        Err(error) => Err(failed(error).into()),
    }
}

async fn known(store: &AnyStore, stream: &StreamId) -> Result<Option<Vec<Position>>, ProcessError> {
    let first = store.read(StreamQuery::forwards(stream.clone()).limit(1)).try_next().await?;
    let Some(raw) = first else { return Ok(None) };
    let origin = raw.origin;
    let ProcessEvent::Deployed(deployed) = raw.decode::<ProcessEvent>()?.event else {
        return Ok(None);
    };
    // These are places of another log. All that was recorded in this one came later.
    if origin == Origin::Imported {
        return Ok(Some(vec![Position::START; store.log().partitions.iter().count()]));
    }
    Ok(Some(deployed.behind))
}
