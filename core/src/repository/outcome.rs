//! Outcomes: of an append just made, and of one that was made before.

use futures::TryStreamExt;

use crate::fold::Folded;
use crate::repository::commit::Decided;
use crate::repository::execution::Call;
use crate::repository::load::Base;
use crate::repository::patience::Patience;
use crate::repository::{ExecuteError, Executed, Inner, LoadError};
use crate::store::{Appended, NewEvent, Place, StreamQuery, Written};
use crate::{
    Aggregate, AppendError, EventStore, Origin, ReadError, Recorded, StoreError, StreamId, Version,
};

impl<A: Aggregate> Inner<A> {
    /// The outcome of an append that succeeded.
    pub(super) async fn outcome_of<E>(
        &self,
        stream: &StreamId,
        patience: &Patience,
        base: &mut Base<A>,
        decided: Decided<A>,
        appended: &Appended,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let Decided { events, append } = decided;
        let new = append.writes.into_iter().next().map(|write| write.events).unwrap_or_default();
        let last = new.last().map(|last| last.id);
        let ours = |written: &&Written| {
            written.stream == *stream
                && Some(written.last) == last
                && written.events == new.len() as u64
        };
        match appended.writes.first().filter(ours) {
            Some(written) => Ok(self.committed(stream, base, (events, new), written, appended)),
            // Another call under the same key was faster.
            None => Ok(patience.limit(self.first_outcome(stream, appended, patience)).await?),
        }
    }

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
        patience: &Patience,
    ) -> Result<Option<Executed<A>>, ExecuteError<E>> {
        let Some(key) = &call.key else {
            return Ok(None);
        };
        let may_pass =
            |error: &AppendError| matches!(error, AppendError::Store(e) if e.is_transient());
        let known = async {
            let known = patience.retry(may_pass, || self.store.outcome(stream, key)).await;
            known.map_err(ExecuteError::from_append)
        };
        let Some(first) = patience.limit(known).await? else {
            return Ok(None);
        };
        Ok(Some(patience.limit(self.first_outcome(stream, &first, patience)).await?))
    }

    /// What the first call returned, from the log: its events, and the state as
    /// it was then.
    pub(super) async fn first_outcome(
        &self,
        stream: &StreamId,
        first: &Appended,
        patience: &Patience,
    ) -> Result<Executed<A>, LoadError> {
        let written = first.writes.iter().rev().find(|write| write.stream == *stream);
        let written = written.ok_or_else(|| {
            ReadError::Store(StoreError::permanent("the store's outcome is of another stream"))
        })?;
        let read = || self.read_outcome(written);
        let (folded, events) = patience.retry(LoadError::is_transient, read).await?;
        Ok(Executed {
            state: folded.state,
            version: folded.version,
            events,
            token: first.token(),
            repeated: true,
        })
    }

    /// The state behind a write, and its events: both by one read.
    async fn read_outcome(&self, written: &Written) -> Result<Replay<A>, LoadError> {
        let (stream, asked) = (&written.stream, written.version);
        let before = Version::new(asked.get().saturating_sub(written.events));
        let (log, skip_unknown) = (self.store.log().id, self.settings.skip_unknown);
        let query = StreamQuery::forwards(stream.clone()).limit(asked.get());
        let mut read = self.store.read(query);
        let (mut folded, mut events) = (Folded::empty(), Vec::new());
        while let Some(raw) = read.try_next().await? {
            folded.read(log, &raw, skip_unknown)?;
            if raw.version > before {
                match raw.decode::<A::Event>() {
                    Err(error) if skip_unknown && error.is_unknown() => {}
                    event => events.push(event?),
                }
            }
        }
        if folded.version < asked {
            let actual = folded.version;
            return Err(LoadError::VersionAhead { stream: stream.clone(), asked, actual });
        }
        Ok((folded, events))
    }
}

type Replay<A> = (Folded<A>, Vec<Recorded<<A as Aggregate>::Event>>);
