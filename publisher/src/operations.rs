//! What people do about publishers whose receiver is gone.

use annals::store::StreamQuery;
use annals::{AnyStore, EventStore};
use futures::TryStreamExt;
use time::OffsetDateTime;

use crate::error::PublisherError;
use crate::mark::{Listed, PublisherEvent};
use crate::marks::{Marks, names};

/// Looks which publishers there are and whether they stand still, and lets them go on. It needs
/// no code of theirs, and works from any process.
///
/// Their lag, their dead letters and their health are told by
/// [`annals_projections::Operations`].
#[derive(Debug, Clone)]
pub struct PublisherOperations {
    log: AnyStore,
}

/// A publisher of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownPublisher {
    /// Its name.
    pub name: String,
    /// When it was started for the first time.
    pub since: OffsetDateTime,
    /// Which receiver is gone, if one is.
    pub stopped: Option<Standstill>,
}

/// A receiver is gone: the publisher stands still, unless it has another target by now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standstill {
    /// Since when.
    pub since: OffsetDateTime,
    /// The [target](crate::Sink::target) that is gone.
    pub target: String,
    /// What it said.
    pub reason: String,
}

impl PublisherOperations {
    /// The publishers of this log.
    pub fn new(log: impl EventStore) -> Self {
        Self { log: log.erased() }
    }

    /// The publishers that were ever started on this log, so many at most, in the order in which
    /// they were.
    ///
    /// It reads a stream with an event for each of them, and then the end of the stream of each:
    /// it costs a read for each publisher, and one more, however long the log is.
    ///
    /// # Errors
    /// The log could not be read.
    pub async fn list(&self, limit: u64) -> Result<Vec<KnownPublisher>, PublisherError> {
        let mut listed = self.log.read(StreamQuery::forwards(names()?).limit(limit));
        let mut all = Vec::new();
        while let Some(raw) = listed.try_next().await? {
            let event = raw.decode::<PublisherEvent>()?;
            let PublisherEvent::Listed(Listed { name }) = event.event else { continue };
            let stopped = match self.stopped(&name).await {
                // The log has lost its tail between the two streams.
                Err(PublisherError::Unknown { .. }) => continue,
                stopped => stopped?,
            };
            all.push(KnownPublisher { name, since: event.recorded_at, stopped });
        }
        Ok(all)
    }

    /// Which receiver is gone, the last one if there were several since somebody has last had
    /// the publisher go on; `None` if it does not stand still.
    ///
    /// # Errors
    /// No publisher of this name was ever started, or the log could not be read.
    pub async fn stopped(&self, name: &str) -> Result<Option<Standstill>, PublisherError> {
        let standing = Marks::new(self.log.clone(), name)?.standing().await?;
        let unknown = || PublisherError::Unknown { name: name.to_owned() };
        Ok(standing.ok_or_else(unknown)?.gone.into_iter().next())
    }

    /// Has a publisher go on whose receiver was gone, with the first message that it did not
    /// take. Workers see it within half a minute. The note says who has decided so, and why.
    /// Returns `false` where the publisher did not stand still.
    ///
    /// # Errors
    /// No publisher of this name was ever started, or the log failed. Then ask again: to say it
    /// twice does no harm.
    ///
    /// # Cancellation
    /// Where the future is dropped it was said or not; [`stopped`](Self::stopped) tells.
    pub async fn resume(&self, name: &str, note: &str) -> Result<bool, PublisherError> {
        Marks::new(self.log.clone(), name)?.resume(note).await
    }
}
