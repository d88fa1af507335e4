//! What the log keeps of a publisher: from where on it publishes, and whether its receiver is
//! gone. It is kept there because nothing that is lost beside the log, such as a checkpoint,
//! may send old events out, or forget that nobody wants new ones.

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{AnyStore, AppendError, Event, EventStore, ExpectedVersion, Position, StreamId};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::PublisherError;

/// The category of what is known of publishers.
const CATEGORY: &str = "annals.publisher";

/// What annals itself records about a publisher, in the stream `annals.publisher-<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Event)]
#[event(prefix = "annals.publisher")]
pub enum PublisherEvent {
    /// It was started for the first time.
    Begun(Begun),
    /// Its receiver wants nothing any more.
    Stopped(Stopped),
    /// Somebody said that it is to go on.
    Resumed(Resumed),
}

/// From where on a publisher publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The last event of each partition that it does not publish.
    pub behind: Vec<Position>,
}

/// A receiver wants nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Which one: another target is not stopped by it.
    pub target: String,
    /// What it said.
    pub reason: String,
}

/// Somebody said that a publisher is to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Who, and why.
    pub note: String,
}

/// The stream of a publisher in the log.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    log: AnyStore,
    stream: StreamId,
}

impl Marks {
    pub(crate) fn new(log: AnyStore, name: &str) -> Result<Self, PublisherError> {
        Ok(Self { log, stream: StreamId::new(CATEGORY, name)? })
    }

    /// From where on it publishes; fixed when it is asked for the first time.
    pub(crate) async fn begin(
        &self,
        from_beginning: bool,
    ) -> Result<Vec<Position>, PublisherError> {
        if let Some(behind) = self.begun().await? {
            return Ok(behind);
        }
        let mut behind = Vec::new();
        for partition in self.log.log().partitions.iter() {
            behind.push(match from_beginning {
                true => Position::START,
                false => self.log.log_head(partition).await?.position(),
            });
        }
        let event = PublisherEvent::Begun(Begun { behind: behind.clone() });
        match self.append(ExpectedVersion::NoStream, &event).await {
            // Another process has begun at the same moment, or this one without knowing it.
            Err(AppendError::Conflict(_)) => Ok(self.begun().await?.unwrap_or(behind)),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(behind),
        }
    }

    async fn begun(&self) -> Result<Option<Vec<Position>>, PublisherError> {
        let first = StreamQuery::forwards(self.stream.clone()).limit(1);
        Ok(match self.read(first).await? {
            Some((_, PublisherEvent::Begun(begun))) => Some(begun.behind),
            _ => None,
        })
    }

    /// Why it stands still, if it does; and whether it has ever been started.
    pub(crate) async fn stopped(&self) -> Result<(bool, Option<Stopped>), PublisherError> {
        Ok(match self.last().await? {
            Some((_, PublisherEvent::Stopped(stopped))) => (true, Some(stopped)),
            last => (last.is_some(), None),
        })
    }

    /// Keeps that the receiver is gone; once, however many find out.
    pub(crate) async fn stop(&self, stopped: Stopped) -> Result<(), PublisherError> {
        let Some((at, last)) = self.last().await? else { return Ok(()) };
        let event = PublisherEvent::Stopped(stopped);
        if last == event {
            return Ok(());
        }
        match self.append(at, &event).await {
            Err(AppendError::Conflict(_)) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Says that it is to go on; `false` if it does not stand still.
    pub(crate) async fn resume(&self, note: &str) -> Result<bool, PublisherError> {
        let Some((at, last)) = self.last().await? else {
            return Err(PublisherError::Unknown { name: self.stream.key().to_owned() });
        };
        if !matches!(last, PublisherEvent::Stopped(_)) {
            return Ok(false);
        }
        let event = PublisherEvent::Resumed(Resumed { note: note.to_owned() });
        self.append(at, &event).await?;
        Ok(true)
    }

    async fn last(&self) -> Result<Option<(ExpectedVersion, PublisherEvent)>, PublisherError> {
        self.read(StreamQuery::backwards(self.stream.clone()).limit(1)).await
    }

    async fn read(
        &self,
        query: StreamQuery,
    ) -> Result<Option<(ExpectedVersion, PublisherEvent)>, PublisherError> {
        let Some(raw) = self.log.read(query).try_next().await? else { return Ok(None) };
        let event = raw.decode::<PublisherEvent>()?;
        Ok(Some((ExpectedVersion::Exactly(event.version), event.event)))
    }

    async fn append(&self, at: ExpectedVersion, event: &PublisherEvent) -> Result<(), AppendError> {
        let event =
            NewEvent::encode(self.log.log().codec, event).map_err(annals::StoreError::permanent)?;
        self.log.append(Append::to(self.stream.clone(), at, vec![event])).await.map(drop)
    }
}
