//! States as of a moment: a version, or a time.

use std::pin::pin;

use futures::{Stream, TryStreamExt};
use time::OffsetDateTime;

use crate::fold::{Folded, expect};
use crate::repository::{Inner, LoadError};
use crate::store::{EventStream, StreamQuery};
use crate::{Aggregate, EventStore, RawEvent, StreamId, Version};

/// A moment in the life of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// As of this version; it must have been reached.
    Version(Version),
    /// As the log knew it at this moment: events recorded later are left out.
    RecordedAt(OffsetDateTime),
    /// As it was at this moment by the word of the writers: events which
    /// occurred later are left out, also where others that were recorded behind
    /// them occurred earlier. Events without a time of their own count by their
    /// time of recording. The version is that of the last event in the state, which
    /// may have gaps below it.
    OccurredAt(OffsetDateTime),
}

impl<A: Aggregate> Inner<A> {
    /// The state as of a moment, from events alone.
    pub(crate) async fn load_at(&self, stream: &StreamId, at: At) -> Result<Folded<A>, LoadError> {
        match at {
            At::Version(version) => self.load_version(stream, version).await,
            At::RecordedAt(time) => {
                // recorded_at never falls within a partition, so nothing behind
                // the first later event can belong to the state.
                let known = |raw: &RawEvent| raw.recorded_at <= time;
                let events = self.all(stream);
                let events = events.try_take_while(move |raw| std::future::ready(Ok(known(raw))));
                self.fold(events).await
            }
            At::OccurredAt(time) => {
                let known = move |raw: &RawEvent| raw.occurred_or_recorded_at() <= time;
                let events = self.all(stream);
                self.fold_some(events, known).await
            }
        }
    }

    async fn load_version(
        &self,
        stream: &StreamId,
        asked: Version,
    ) -> Result<Folded<A>, LoadError> {
        let query = StreamQuery::forwards(stream.clone()).limit(asked.get());
        let folded = self.fold(self.store.read(query)).await?;
        if folded.version < asked {
            let actual = folded.version;
            return Err(LoadError::VersionAhead { stream: stream.clone(), asked, actual });
        }
        Ok(folded)
    }

    fn all(&self, stream: &StreamId) -> EventStream {
        self.store.read(StreamQuery::forwards(stream.clone()))
    }

    async fn fold(
        &self,
        events: impl Stream<Item = Result<RawEvent, crate::ReadError>>,
    ) -> Result<Folded<A>, LoadError> {
        self.fold_some(events, |_| true).await
    }

    /// Folds the events that count; the others are passed over.
    async fn fold_some(
        &self,
        events: impl Stream<Item = Result<RawEvent, crate::ReadError>>,
        counts: impl Fn(&RawEvent) -> bool,
    ) -> Result<Folded<A>, LoadError> {
        let mut events = pin!(events);
        let mut folded = Folded::empty();
        let mut next = Version::FIRST;
        while let Some(raw) = events.try_next().await? {
            expect(&raw.stream, next, raw.version)?;
            next = next.next();
            if counts(&raw) {
                folded.fold(self.store.log().id, &raw, self.settings.skip_unknown)?;
            }
        }
        Ok(folded)
    }
}
