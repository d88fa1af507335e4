//! From where on a publisher publishes, and whether its receiver is gone, in the log. It is
//! kept there because nothing that is lost beside the log, such as a checkpoint, may send old
//! events out, or forget that nobody wants new ones.

use std::time::Duration;

use annals::store::{Append, NewEvent, StreamQuery};
use annals::{
    AnyStore, AppendError, EventStore, ExpectedVersion, Origin, Position, StoreError, StreamId,
    Version,
};
use futures::TryStreamExt;

use crate::PublisherError;
use crate::mark::{Begun, Listed, PublisherEvent, Resumed, Stopped};
use crate::operations::Standstill;

/// The category of what is known of a publisher.
const CATEGORY: &str = "annals.publisher";

/// The stream with the names of all publishers: a log cannot be asked for the streams of a
/// category without being read whole.
const NAMES: (&str, &str) = ("annals.publishers", "all");

/// How often something is appended again that is in doubt, or looked at again because another
/// one was quicker.
const TRIES: u32 = 5;

/// How long a log that has not answered is left alone.
const PAUSE: Duration = Duration::from_millis(100);

/// How many receivers that are gone are remembered between two decisions of people.
const RECEIVERS: u64 = 100;

/// The stream of a publisher in the log.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    log: AnyStore,
    stream: StreamId,
}

/// How a publisher stands.
pub(crate) struct Standing {
    /// Where its stream ends.
    end: Version,
    /// The receivers that are gone since somebody said last that it is to go on, the last one
    /// first.
    pub(crate) gone: Vec<Standstill>,
}

/// The stream with the names of all publishers.
pub(crate) fn names() -> Result<StreamId, PublisherError> {
    Ok(StreamId::new(NAMES.0, NAMES.1)?)
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
        let begun = self.encoded(&PublisherEvent::Begun(Begun { behind: behind.clone() }))?;
        let name = self.stream.key().to_owned();
        let listed = self.encoded(&PublisherEvent::Listed(Listed { name }))?;
        let append = Append::to(self.stream.clone(), ExpectedVersion::NoStream, vec![begun]);
        match self.append(append.and(names()?, ExpectedVersion::Any, vec![listed])).await {
            // Another process has begun at the same moment, or this one without knowing it.
            Err(AppendError::Conflict(_)) => self.begun().await?.ok_or_else(headless),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(behind),
        }
    }

    async fn begun(&self) -> Result<Option<Vec<Position>>, PublisherError> {
        let first = StreamQuery::forwards(self.stream.clone()).limit(1);
        let Some(raw) = self.log.read(first).try_next().await? else { return Ok(None) };
        let first = raw.decode::<PublisherEvent>()?;
        let PublisherEvent::Begun(Begun { behind }) = first.event else { return Err(headless()) };
        // Positions of another log say nothing here. What happened there is imported and not
        // published in any case; all that has happened since is.
        let imported = first.origin == Origin::Imported;
        let all = || self.log.log().partitions.iter().map(|_| Position::START).collect();
        Ok(Some(if imported { all() } else { behind }))
    }

    /// How it stands; `None` if it has never been started.
    pub(crate) async fn standing(&self) -> Result<Option<Standing>, PublisherError> {
        let newest = StreamQuery::backwards(self.stream.clone()).limit(RECEIVERS);
        let mut events = self.log.read(newest);
        let (mut end, mut gone) = (None, Vec::new());
        while let Some(raw) = events.try_next().await? {
            let event = raw.decode::<PublisherEvent>()?;
            end.get_or_insert(event.version);
            let PublisherEvent::Stopped(Stopped { target, reason }) = event.event else { break };
            gone.push(Standstill { since: event.recorded_at, target, reason });
        }
        Ok(end.map(|end| Standing { end, gone }))
    }

    /// Keeps that a receiver is gone; once, however many find out, and whatever it said to each.
    pub(crate) async fn stop(&self, stopped: &Stopped) -> Result<(), PublisherError> {
        let stop = |standing: &Standing| {
            let known = standing.gone.iter().any(|gone| gone.target == stopped.target);
            (!known).then(|| PublisherEvent::Stopped(stopped.clone()))
        };
        self.change(stop).await.map(drop)
    }

    /// Says that it is to go on; `false` if it does not stand still.
    pub(crate) async fn resume(&self, note: &str) -> Result<bool, PublisherError> {
        let resumed = || PublisherEvent::Resumed(Resumed { note: note.to_owned() });
        self.change(|standing| (!standing.gone.is_empty()).then(resumed)).await
    }

    /// Appends what is to follow, if anything is, to what the stream ends with. Returns whether
    /// something was.
    async fn change(
        &self,
        next: impl Fn(&Standing) -> Option<PublisherEvent>,
    ) -> Result<bool, PublisherError> {
        let mut tries = 1;
        loop {
            let Some(standing) = self.standing().await? else {
                return Err(PublisherError::Unknown { name: self.stream.key().to_owned() });
            };
            let Some(event) = next(&standing) else { return Ok(false) };
            let events = vec![self.encoded(&event)?];
            match self.append(Append::to(self.stream.clone(), standing.end, events)).await {
                Ok(()) => return Ok(true),
                // What it rests on is no more: look again.
                Err(AppendError::Conflict(_)) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn encoded(&self, event: &PublisherEvent) -> Result<NewEvent, PublisherError> {
        Ok(NewEvent::encode(self.log.log().codec, event)?)
    }

    /// Appends, and again the same events where nobody knows whether they were written: else
    /// whoever looks again takes what he has done himself for the work of another.
    async fn append(&self, append: Append) -> Result<(), AppendError> {
        let mut tries = 1;
        loop {
            match self.log.append(append.clone()).await {
                Err(AppendError::Unknown(_)) if tries < TRIES => tries += 1,
                done => return done.map(drop),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Only this crate writes here, and this first.
fn headless() -> PublisherError {
    let text = "the stream of the publisher does not begin with where it has begun";
    PublisherError::Store(StoreError::permanent(text))
}
