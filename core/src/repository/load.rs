//! Loading: a cached state or a snapshot, and the events behind it.

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use tracing::Instrument;

use crate::fold::Folded;
use crate::repository::patience::Patience;
use crate::repository::{Inner, LoadError};
use crate::snapshot::Restored;
use crate::store::StreamQuery;
use crate::{
    Aggregate, EventId, EventStore, RawEvent, ReadError, Recorded, StreamId, Token, Version,
};

/// An aggregate as of some version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The state; the default one if the stream has no events.
    pub state: A,
    /// The version of the last event in the state; [`Version::NONE`] if there
    /// is none.
    pub version: Version,
    /// For reading at least this state elsewhere; empty where nothing was read
    /// from the log.
    pub token: Token,
}

/// A state to decide on, and whether it was read from the log by this call or
/// comes from the cache and may be behind.
pub(crate) struct Base<A> {
    pub(crate) folded: Folded<A>,
    pub(crate) confirmed: bool,
}

impl<A: Aggregate> Inner<A> {
    /// A state to decide on: from the cache as it is, or read.
    pub(crate) async fn base(
        &self,
        stream: &StreamId,
        patience: &Patience,
    ) -> Result<Base<A>, LoadError> {
        if let Some(folded) = self.cached(stream) {
            return Ok(Base { folded, confirmed: false });
        }
        let span = tracing::debug_span!(target: "annals", "annals.load", %stream, version = tracing::field::Empty, events_read = tracing::field::Empty);
        let load = self.restore(stream, patience).instrument(span.clone());
        let folded = load.await?;
        span.record("version", folded.version.get())
            .record("events_read", folded.since_snapshot.events);
        let mut base = Base { folded, confirmed: true };
        self.keep(stream, &mut base.folded);
        Ok(base)
    }

    pub(crate) fn cached(&self, stream: &StreamId) -> Option<Folded<A>> {
        let cached = self.cache.as_ref().and_then(|cache| cache.get(stream));
        cached.filter(|folded| self.fits(folded))
    }

    /// Handles that skip unknown events may share the cache with some that must
    /// not.
    pub(crate) fn fits(&self, folded: &Folded<A>) -> bool {
        self.settings.skip_unknown || !folded.skipped
    }

    /// Reads what is behind the state. The log may have lost the history that the
    /// state was folded from, so the event it ends with is read again and
    /// compared.
    pub(crate) async fn catch_up(
        &self,
        stream: &StreamId,
        base: &mut Base<A>,
        patience: &Patience,
    ) -> Result<(), LoadError> {
        if !self.read_on(stream, &mut base.folded, patience).await? {
            tracing::warn!(target: "annals", %stream, version = %base.folded.version, "state discarded: the log does not hold its last event");
            if let Some(cache) = &self.cache {
                cache.remove(stream);
            }
            base.folded = self.restore(stream, patience).await?;
        }
        base.confirmed = true;
        self.keep(stream, &mut base.folded);
        Ok(())
    }

    /// Makes sure that a cached state is the newest; says whether it was.
    pub(crate) async fn confirm(
        &self,
        stream: &StreamId,
        base: &mut Base<A>,
        patience: &Patience,
    ) -> Result<bool, LoadError> {
        let head = || self.store.stream_head(stream);
        let head = patience.retry(ReadError::is_transient, head).await?;
        if head.map(|head| head.event) == base.folded.last {
            base.confirmed = true;
            return Ok(true);
        }
        self.catch_up(stream, base, patience).await?;
        Ok(false)
    }

    /// The newest state, from a snapshot and the events behind it, or from all
    /// events.
    async fn restore(
        &self,
        stream: &StreamId,
        patience: &Patience,
    ) -> Result<Folded<A>, LoadError> {
        let Some(snapshots) = &self.snapshots else {
            return self.replay(stream, patience).await;
        };
        let deadline = patience.deadline;
        match snapshots.restore(stream, deadline).await {
            Restored::Nothing => self.replay(stream, patience).await,
            Restored::State(mut folded) => {
                let (version, last) = (folded.version, folded.last);
                if self.read_on(stream, &mut folded, patience).await? {
                    return Ok(folded);
                }
                if let Some(event) = last {
                    snapshots.discard(stream, version, event, deadline).await;
                }
                self.replay(stream, patience).await
            }
            Restored::Unfit { version, event } => {
                let folded = self.replay(stream, patience).await?;
                if folded.version < version {
                    snapshots.discard(stream, version, event, deadline).await;
                }
                Ok(folded)
            }
        }
    }

    async fn replay(&self, stream: &StreamId, patience: &Patience) -> Result<Folded<A>, LoadError> {
        let mut folded = Folded::empty();
        self.read_on(stream, &mut folded, patience).await?;
        Ok(folded)
    }

    /// Folds the events behind the state; `false` if the stream does not hold
    /// the event with which the state ends. A read that breaks off goes on where
    /// it was.
    async fn read_on(
        &self,
        stream: &StreamId,
        folded: &mut Folded<A>,
        patience: &Patience,
    ) -> Result<bool, LoadError> {
        let mut known = folded.last.map(|last| (folded.version, last));
        let mut pauses = patience.pauses();
        loop {
            match self.read_once(stream, folded, &mut known).await {
                Err(LoadError::Read(error)) if error.is_transient() && pauses.rest().await => {}
                answer => return answer,
            }
        }
    }

    /// One read, which begins with the known event until it was seen.
    async fn read_once(
        &self,
        stream: &StreamId,
        folded: &mut Folded<A>,
        known: &mut Option<(Version, EventId)>,
    ) -> Result<bool, LoadError> {
        let log = self.store.log().id;
        let from = known.map_or(folded.version.next(), |(version, _)| version);
        let mut events = self.store.read(StreamQuery::forwards(stream.clone()).from(from));
        if let Some(last) = *known {
            match events.try_next().await? {
                Some(raw) if (raw.version, raw.id) == last => {
                    folded.place = Some(raw.checkpoint(log));
                }
                _ => return Ok(false),
            }
            *known = None;
        }
        while let Some(raw) = events.try_next().await? {
            folded.read(log, &raw, self.settings.skip_unknown)?;
        }
        Ok(true)
    }

    /// The events of a stream, typed, from a version on.
    pub(crate) fn history(
        &self,
        query: StreamQuery,
    ) -> BoxStream<'static, Result<Recorded<A::Event>, LoadError>> {
        let skip_unknown = self.settings.skip_unknown;
        let typed = self.store.read(query).filter_map(move |raw| {
            let decoded = match raw.map(RawEvent::decode::<A::Event>) {
                Err(error) => Some(Err(error.into())),
                Ok(Err(error)) if skip_unknown && error.is_unknown() => None,
                Ok(decoded) => Some(decoded.map_err(LoadError::from)),
            };
            std::future::ready(decoded)
        });
        typed.boxed()
    }

    /// Offers a committed state to the snapshots and the cache.
    pub(crate) fn keep(&self, stream: &StreamId, folded: &mut Folded<A>) {
        if let Some(snapshots) = &self.snapshots {
            snapshots.offer(stream, folded);
        }
        if let Some(cache) = &self.cache {
            cache.put(stream, folded);
        }
    }
}
