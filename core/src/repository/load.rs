//! Loading: a cached state or a snapshot, and the events behind it.

use std::pin::pin;

use futures::{Stream, StreamExt, TryStreamExt};
use tokio::time::Instant;
use tracing::Instrument;

use crate::fold::Folded;
use crate::repository::{Inner, LoadError};
use crate::snapshot::Restored;
use crate::store::StreamQuery;
use crate::{Aggregate, EventStore, RawEvent, Recorded, StreamId, Token, Version};

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
        deadline: Instant,
    ) -> Result<Base<A>, LoadError> {
        // Handles that skip unknown events may share the cache with some that
        // must not.
        let fits = |folded: &Folded<A>| self.settings.skip_unknown || !folded.skipped;
        let cached = self.cache.as_ref().and_then(|cache| cache.get(stream));
        if let Some(folded) = cached.filter(fits) {
            return Ok(Base { folded, confirmed: false });
        }
        let span = tracing::debug_span!(target: "annals", "annals.load", %stream, version = tracing::field::Empty, events_read = tracing::field::Empty);
        let load = self.restore(stream, deadline).instrument(span.clone());
        let folded = load.await?;
        span.record("version", folded.version.get())
            .record("events_read", folded.since_snapshot.events);
        let mut base = Base { folded, confirmed: true };
        self.keep(stream, &mut base.folded);
        Ok(base)
    }

    /// Reads what is behind the state. A cached state may be of a history that
    /// the log has lost, so the event it ends with is read again and compared.
    pub(crate) async fn catch_up(
        &self,
        stream: &StreamId,
        base: &mut Base<A>,
        deadline: Instant,
    ) -> Result<(), LoadError> {
        let stands = if base.confirmed {
            self.read_on(stream, &mut base.folded).await?;
            true
        } else {
            self.read_on_from_known(stream, &mut base.folded).await?
        };
        if !stands {
            tracing::warn!(target: "annals", %stream, version = %base.folded.version, "cached aggregate discarded: the log does not hold its last event");
            if let Some(cache) = &self.cache {
                cache.remove(stream);
            }
            base.folded = self.restore(stream, deadline).await?;
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
        deadline: Instant,
    ) -> Result<bool, LoadError> {
        let head = self.store.stream_head(stream).await?;
        if head.map(|head| head.event) == base.folded.last {
            base.confirmed = true;
            return Ok(true);
        }
        self.catch_up(stream, base, deadline).await?;
        Ok(false)
    }

    /// The newest state, from a snapshot and the events behind it, or from all
    /// events.
    async fn restore(&self, stream: &StreamId, deadline: Instant) -> Result<Folded<A>, LoadError> {
        let Some(snapshots) = &self.snapshots else {
            return self.replay(stream).await;
        };
        match snapshots.restore(stream, deadline).await {
            Restored::Nothing => self.replay(stream).await,
            Restored::State(mut folded) => {
                if self.read_on_from_known(stream, &mut folded).await? {
                    return Ok(folded);
                }
                if let Some(event) = folded.last {
                    snapshots.discard(stream, folded.version, event, deadline).await;
                }
                self.replay(stream).await
            }
            Restored::Unfit { version, event } => {
                let folded = self.replay(stream).await?;
                if folded.version < version {
                    snapshots.discard(stream, version, event, deadline).await;
                }
                Ok(folded)
            }
        }
    }

    async fn replay(&self, stream: &StreamId) -> Result<Folded<A>, LoadError> {
        let mut folded = Folded::empty();
        self.read_on(stream, &mut folded).await?;
        Ok(folded)
    }

    /// Folds the events behind the state.
    async fn read_on(&self, stream: &StreamId, folded: &mut Folded<A>) -> Result<(), LoadError> {
        let query = StreamQuery::forwards(stream.clone()).from(folded.version.next());
        let mut events = pin!(self.store.read(query));
        while let Some(raw) = events.try_next().await? {
            folded.read(self.store.log().id, &raw, self.settings.skip_unknown)?;
        }
        Ok(())
    }

    /// The same, beginning with the last event that is in the state already;
    /// `false` if the stream does not hold it.
    async fn read_on_from_known(
        &self,
        stream: &StreamId,
        folded: &mut Folded<A>,
    ) -> Result<bool, LoadError> {
        if folded.version == Version::NONE {
            self.read_on(stream, folded).await?;
            return Ok(true);
        }
        let query = StreamQuery::forwards(stream.clone()).from(folded.version);
        let mut events = pin!(self.store.read(query));
        match events.try_next().await? {
            Some(known) if known.version == folded.version && Some(known.id) == folded.last => {
                folded.place = Some(known.checkpoint(self.store.log().id));
            }
            _ => return Ok(false),
        }
        while let Some(raw) = events.try_next().await? {
            folded.read(self.store.log().id, &raw, self.settings.skip_unknown)?;
        }
        Ok(true)
    }

    /// The events of a stream, typed, from a version on.
    pub(crate) fn history(
        &self,
        query: StreamQuery,
    ) -> impl Stream<Item = Result<Recorded<A::Event>, LoadError>> + Send + 'static + use<A> {
        let skip_unknown = self.settings.skip_unknown;
        self.store.read(query).boxed().filter_map(move |raw| {
            let decoded = match raw.map(RawEvent::decode::<A::Event>) {
                Err(error) => Some(Err(error.into())),
                Ok(Err(error)) if skip_unknown && error.is_unknown() => None,
                Ok(decoded) => Some(decoded.map_err(LoadError::from)),
            };
            std::future::ready(decoded)
        })
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

/// Ends a load at its deadline.
pub(crate) async fn by<T, E: From<LoadError>>(
    deadline: Instant,
    load: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let timed_out = |_| Err(LoadError::DeadlineExceeded.into());
    tokio::time::timeout_at(deadline, load).await.unwrap_or_else(timed_out)
}
