//! A store that fails when it is told to.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;

use crate::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use crate::{
    AnyStore, AppendError, Checkpoint, Conflict, EventId, EventStore, Partition, RawEvent,
    ReadError, StoreError, StreamId, Version,
};

/// What goes wrong with an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Another writer was faster: a conflict, though nobody has written.
    Conflict {
        /// The version that the conflict names.
        actual: Version,
    },
    /// The log is said to have lost the event that the append rests on, though
    /// reads still show it, as they may during a failover; nothing is written.
    Diverged,
    /// A failure that may pass; nothing is written.
    Transient,
    /// A failure that stays; nothing is written.
    Permanent,
    /// The answer is lost before the events are written.
    UnknownUnwritten,
    /// The events are written, and the answer is lost.
    UnknownWritten,
    /// The answer takes this long.
    Slow(Duration),
    /// The append never returns, and nothing is written.
    Hangs,
}

/// A store around another one that fails as its script says: each append takes
/// the next [`Fault`] off the script, and works once the script is empty. Reads
/// have a script of their own. A clone is another handle to the same script.
///
/// It may fail, but it keeps what stores promise: an append that was written
/// though its answer was lost, made again, is told neither of a conflict nor of
/// a lost tail, whatever the script says, but of its first outcome.
#[derive(Clone)]
pub struct ScriptedStore {
    inner: AnyStore,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    appends: VecDeque<Option<Fault>>,
    /// The first event of each append that was written, and its answer lost.
    written: HashSet<EventId>,
    failing_reads: usize,
    counts: Counts,
}

/// What a [`ScriptedStore`] was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Appends, the failed ones included.
    pub appends: usize,
    /// Reads of streams.
    pub reads: usize,
    /// Events that these reads have handed out.
    pub events: usize,
    /// Heads of streams.
    pub heads: usize,
}

impl ScriptedStore {
    /// A store that works as `store` does until it is told otherwise.
    #[must_use]
    pub fn new(store: impl EventStore) -> Self {
        Self { inner: store.erased(), script: Arc::default() }
    }

    /// The next append that has no fault yet gets this one.
    pub fn fail(&self, fault: Fault) {
        self.script(|script| script.appends.push_back(Some(fault)));
    }

    /// The next append that has no fault yet works.
    pub fn work(&self) {
        self.script(|script| script.appends.push_back(None));
    }

    /// So many reads of streams fail with a failure that may pass.
    pub fn fail_reads(&self, reads: usize) {
        self.script(|script| script.failing_reads += reads);
    }

    /// What was asked for since the last call of this method.
    #[must_use]
    pub fn take_counts(&self) -> Counts {
        self.script(|script| std::mem::take(&mut script.counts))
    }

    fn script<T>(&self, f: impl FnOnce(&mut Script) -> T) -> T {
        f(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn first_event(append: &Append) -> Option<EventId> {
    append.writes.iter().flat_map(|write| &write.events).map(|event| event.id).next()
}

fn lost() -> StoreError {
    StoreError::transient("the script says that this fails")
}

impl EventStore for ScriptedStore {
    fn log(&self) -> &LogInfo {
        self.inner.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let fault = self.script(|script| {
            script.counts.appends += 1;
            let fault = script.appends.pop_front().flatten()?;
            let lie = matches!(fault, Fault::Conflict { .. } | Fault::Diverged);
            let written = first_event(&append).is_some_and(|id| script.written.contains(&id));
            (!lie || !written).then_some(fault)
        });
        match fault {
            None => self.inner.append(append).await,
            Some(Fault::Conflict { actual }) => {
                let first = append.writes.into_iter().next();
                let conflict = first.map(|write| Conflict {
                    stream: write.stream,
                    expected: write.expected,
                    actual,
                });
                Err(conflict.map_or_else(|| lost().into(), AppendError::Conflict))
            }
            Some(Fault::Diverged) => {
                let first = append.writes.into_iter().next();
                let diverged = first.map(|write| AppendError::Diverged {
                    stream: write.stream,
                    version: write.expected.exact().unwrap_or(Version::NONE),
                });
                Err(diverged.unwrap_or_else(|| lost().into()))
            }
            Some(Fault::Transient) => Err(lost().into()),
            Some(Fault::Permanent) => Err(StoreError::permanent("the script says so").into()),
            Some(Fault::UnknownUnwritten) => Err(AppendError::Unknown(lost())),
            Some(Fault::UnknownWritten) => {
                let first = first_event(&append);
                self.inner.append(append).await?;
                self.script(|script| script.written.extend(first));
                Err(AppendError::Unknown(lost()))
            }
            Some(Fault::Slow(time)) => {
                tokio::time::sleep(time).await;
                self.inner.append(append).await
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.inner.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        let fails = self.script(|script| {
            script.counts.reads += 1;
            let fails = script.failing_reads > 0;
            script.failing_reads = script.failing_reads.saturating_sub(1);
            fails
        });
        if fails {
            return futures::stream::once(std::future::ready(Err(lost().into()))).boxed();
        }
        let script = self.clone();
        let counted = move |event: &Result<RawEvent, ReadError>| {
            script.script(|script| script.counts.events += usize::from(event.is_ok()));
        };
        self.inner.read(query).inspect(counted).boxed()
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.inner.read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.inner.subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.script(|script| script.counts.heads += 1);
        self.inner.stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.inner.log_head(partition).await
    }
}

impl fmt::Debug for ScriptedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}
