//! The instances of a process: loaded, kept, and moved on by one append at a time.

mod left_behind;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals::store::{Append, Appended, NewEvent, StreamQuery};
use annals::{AnyStore, AppendError, Clock, EventId, EventStore, Metadata, StreamId, Version};
use futures::TryStreamExt;
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::Process;
use crate::append::{append_surely, failed};
use crate::boundary::{Around, Boundary, Hook};
use crate::engine::{self, Ignored, Incoming, Next};
use crate::error::ProcessError;
use crate::instance::Instance;
use crate::step::ProcessEvent;

/// How many instances are kept in memory.
const KEPT: usize = 10_000;

/// How often an input is taken in again because others have moved the instance meanwhile.
const CONFLICTS: u32 = 20;

/// The category of the instances of a process.
pub(crate) fn category(process: &str) -> String {
    format!("annals.process.{process}")
}

/// The instances of a process.
pub(crate) struct Instances<P: Process> {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    pub(crate) hook: Hook,
    category: String,
    /// One input at a time for each instance in this process: others would conflict. What is
    /// here may be behind: the version check of the append tells.
    kept: Cache<String, Arc<Mutex<Option<Instance<P>>>>>,
}

impl<P: Process> Instances<P> {
    pub(crate) fn new(store: AnyStore, clock: Arc<dyn Clock>, hook: Hook) -> Self {
        Self { store, clock, hook, category: category(P::NAME), kept: Cache::new(KEPT) }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Lets an instance take an input in. Where it has no effect, nothing is written. An event
    /// that is late is taken in only where the history of the instance does not know it.
    ///
    /// Dropping it leaves the step written as a whole or not at all.
    pub(crate) async fn advance(
        &self,
        key: &str,
        incoming: &Incoming<'_, P>,
        metadata: &Metadata,
    ) -> Result<Result<Appended, Ignored>, ProcessError> {
        let stream = StreamId::new(&self.category, key)?;
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        let (given, mut fresh) = (incoming, false);
        let mut incoming = given.in_time();
        for _ in 0..CONFLICTS {
            let mut instance = match kept.take() {
                Some(instance) => instance,
                None => {
                    fresh = true;
                    self.load(&stream, Instance::new()).await?
                }
            };
            let next = match self.decide(&instance, &incoming)? {
                Ok(next) => next,
                // What is kept may be behind, or of a tail that the log has lost: look. It is
                // nearly never so that an input has no effect.
                Err(_) if !fresh => {
                    fresh = true;
                    *kept = Some(self.load(&stream, instance).await?);
                    continue;
                }
                Err(ignored) => {
                    if ignored == Ignored::Seen
                        && let Incoming::Event { event, starts, late: true } = *given
                        && self.was_left_behind(&stream, &instance.book, event, starts).await?
                    {
                        incoming = *given;
                        *kept = Some(instance);
                        continue;
                    }
                    *kept = Some(instance);
                    return Ok(Err(ignored));
                }
            };
            let append = self.append(&stream, &instance, &next, metadata)?;
            let last = append.writes.last().and_then(|write| write.events.last());
            let last = last.map_or_else(EventId::new, |event| event.id);
            let around = Around::step(&incoming, &instance);
            self.hook.at(around.before).await;
            match append_surely(&self.store, append).await {
                Ok(appended) => {
                    self.hook.at(around.after).await;
                    let version =
                        appended.writes.last().map_or(Version::NONE, |write| write.version);
                    let folded = AssertUnwindSafe(|| instance.advance(&next, version, last));
                    // It is written: a panic of the fold is told by whoever loads it.
                    *kept = catch_unwind(folded).is_ok().then_some(instance);
                    return Ok(Ok(appended));
                }
                // Somebody else may have taken the same in.
                Err(AppendError::Conflict(_)) => {
                    (incoming, fresh) = (given.in_time(), true);
                    *kept = Some(self.load(&stream, instance).await?);
                }
                Err(AppendError::Diverged { .. }) => incoming = given.in_time(),
                Err(AppendError::Invalid(invalid)) => {
                    *kept = Some(instance);
                    return Err(invalid.into());
                }
                Err(error) => return Err(failed(error).into()),
            }
        }
        Err(ProcessError::Contended)
    }

    /// Whether an instance waits for a task, as far as is known here. An agenda that is made anew
    /// shows for a while what was done long ago.
    ///
    /// It is read only where nothing is kept of it, and is kept for the outcome then.
    pub(crate) async fn waits_for(&self, key: &str, task: u32) -> Result<bool, ProcessError> {
        let stream = StreamId::new(&self.category, key)?;
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        let instance = match kept.take() {
            Some(instance) if instance.book.open.contains_key(&task) => instance,
            Some(behind) => self.load(&stream, behind).await?,
            None => self.load(&stream, Instance::new()).await?,
        };
        let waits = instance.book.open.contains_key(&task);
        *kept = Some(instance);
        Ok(waits)
    }

    /// Whether an instance waits for a task, by the log itself: a person may have decided
    /// otherwise where this worker does not see it.
    pub(crate) async fn still_waits_for(&self, key: &str, task: u32) -> Result<bool, ProcessError> {
        let stream = StreamId::new(&self.category, key)?;
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        let known = kept.take().unwrap_or_else(Instance::new);
        let instance = self.load(&stream, known).await?;
        let waits = instance.book.open.contains_key(&task);
        *kept = Some(instance);
        Ok(waits)
    }

    fn slot(&self, key: &str) -> Arc<Mutex<Option<Instance<P>>>> {
        let new = || Ok::<_, std::convert::Infallible>(Arc::default());
        match self.kept.get_or_insert_with(key, new) {
            Ok(slot) => slot,
            Err(never) => match never {},
        }
    }

    /// Reads what stands behind what is known of an instance; all of it where the log does not
    /// hold the last event that is known: it has lost its tail, and may have grown another one.
    async fn load(
        &self,
        stream: &StreamId,
        mut instance: Instance<P>,
    ) -> Result<Instance<P>, ProcessError> {
        self.hook.at(Boundary::BeforeLoad).await;
        let from = instance.version.max(Version::FIRST);
        let mut events = self.store.read(StreamQuery::forwards(stream.clone()).from(from));
        if instance.has_begun() {
            let known = events.try_next().await?.map(|raw| raw.id);
            if known != instance.last {
                instance = Instance::new();
                events = self.store.read(StreamQuery::forwards(stream.clone()));
            }
        }
        while let Some(raw) = events.try_next().await? {
            let fold = AssertUnwindSafe(|| instance.fold(raw));
            catch_unwind(fold).map_err(|panic| ProcessError::Panicked(told(&*panic)))??;
        }
        Ok(instance)
    }

    fn decide(
        &self,
        instance: &Instance<P>,
        incoming: &Incoming<'_, P>,
    ) -> Result<Result<Next<P>, Ignored>, ProcessError> {
        let now = self.clock.now();
        let decide = AssertUnwindSafe(|| engine::advance(instance, incoming, now));
        let decided = catch_unwind(decide);
        Ok(decided.map_err(|panic| ProcessError::Panicked(told(&*panic)))??)
    }

    fn append(
        &self,
        stream: &StreamId,
        instance: &Instance<P>,
        next: &Next<P>,
        metadata: &Metadata,
    ) -> Result<Append, ProcessError> {
        let codec = self.store.log().codec;
        let step = NewEvent::encode(codec, &ProcessEvent::Stepped(next.step.clone()))?;
        let mut events = vec![step.with_metadata(metadata.clone())];
        for event in &next.events {
            events.push(NewEvent::encode(codec, event)?.with_metadata(metadata.clone()));
        }
        let append = Append::to(stream.clone(), instance.version, events);
        // The event as well as the version: a log that has lost its tail may have grown anew.
        Ok(match instance.last {
            Some(last) => append.behind(last),
            None => append,
        })
    }
}

/// What a panic says.
pub(crate) fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
