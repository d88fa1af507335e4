//! Outcomes: of an append just made, and of one that was made before.

use futures::TryStreamExt;
use tokio::time::Instant;

use crate::fold::Folded;
use crate::repository::execution::Call;
use crate::repository::load::{Base, by};
use crate::repository::{At, ExecuteError, Executed, Inner, LoadError};
use crate::store::{Appended, NewEvent, Place, StreamQuery, Written};
use crate::{Aggregate, EventStore, Origin, ReadError, StoreError, StreamId, Version};

impl<A: Aggregate> Inner<A> {
    /// Folds what was appended, and tells it to the cache and the snapshots.
    pub(super) fn committed(
        &self,
        stream: &StreamId,
        base: &mut Base<A>,
        (events, new): (Vec<A::Event>, Vec<NewEvent>),
        written: &Written,
        appended: &Appended,
    ) -> Executed<A> {
        let mut folded = std::mem::replace(&mut base.folded, Folded::empty());
        let mut recorded = Vec::with_capacity(events.len());
        for ((event, new), (version, position)) in events.into_iter().zip(new).zip(written.places())
        {
            let place = Place {
                version,
                partition: written.partition,
                position,
                recorded_at: appended.recorded_at,
                origin: Origin::Native,
            };
            let bytes = new.payload.len();
            let event = new.placed(written.stream.clone(), place).map(|_| event);
            folded.committed(&event.event, event.checkpoint(appended.log), bytes);
            recorded.push(event);
        }
        self.keep(stream, &mut folded);
        Executed {
            state: folded.state,
            version: folded.version,
            events: recorded,
            token: appended.token(),
            repeated: false,
        }
    }

    /// What the first call under the same idempotency key returned, if there was
    /// one.
    pub(super) async fn repeated<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        deadline: Instant,
    ) -> Result<Option<Executed<A>>, ExecuteError<E>> {
        let Some(key) = &call.key else {
            return Ok(None);
        };
        let known = async {
            let known = self.store.outcome(stream, key).await;
            known.map_err(ExecuteError::from_append)
        };
        let Some(first) = by(deadline, known).await? else {
            return Ok(None);
        };
        Ok(Some(by(deadline, self.first_outcome(stream, &first)).await?))
    }

    /// What the first call returned, from the log: its events, and the state as
    /// it was then.
    pub(super) async fn first_outcome(
        &self,
        stream: &StreamId,
        first: &Appended,
    ) -> Result<Executed<A>, LoadError> {
        let written = first.writes.iter().rev().find(|write| write.stream == *stream);
        let written = written.ok_or_else(|| {
            ReadError::Store(StoreError::permanent("the store's outcome is of another stream"))
        })?;
        let before = written.version.get().saturating_sub(written.events);
        let query = StreamQuery::forwards(stream.clone()).from(Version::new(before).next());
        let events = self.history(query.limit(written.events)).try_collect().await?;
        let folded = self.load_at(stream, At::Version(written.version)).await?;
        Ok(Executed {
            state: folded.state,
            version: folded.version,
            events,
            token: first.token(),
            repeated: true,
        })
    }
}
