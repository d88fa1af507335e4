//! The store itself, and how its contract maps to the files beside this one.

use std::fmt;
use std::sync::Arc;

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{AppendError, Checkpoint, Clock, EventStore, Partition, ReadError, StreamId};
use futures::StreamExt;

use crate::options::MemoryStoreBuilder;
use crate::partition::PartitionLog;
use crate::read;
use crate::snapshots::Snapshots;
use crate::subscribe;

/// An event store in memory. A clone is another handle to the same log.
#[derive(Clone)]
pub struct MemoryStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) info: LogInfo,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) partitions: Vec<PartitionLog>,
    pub(crate) snapshots: Snapshots,
}

impl MemoryStore {
    /// An empty store with one partition, JSON payloads and default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A store that differs from the default.
    #[must_use]
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::new()
    }

    pub(crate) fn with(info: LogInfo, clock: Arc<dyn Clock>) -> Self {
        let partitions = info.partitions.iter().map(|_| PartitionLog::default()).collect();
        let snapshots = Snapshots::default();
        Self { inner: Arc::new(Inner { info, clock, partitions, snapshots }) }
    }
}

impl Inner {
    /// The log of the partition in which the stream lives.
    pub(crate) fn home(&self, stream: &StreamId) -> &PartitionLog {
        &self.partitions[self.info.partitions.of(stream).index()]
    }

    pub(crate) fn partition(&self, partition: Partition) -> Result<&PartitionLog, ReadError> {
        let partitions = self.info.partitions.count();
        let log = self.partitions.get(partition.index());
        log.ok_or(ReadError::NoSuchPartition { partition, partitions })
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("log", &self.inner.info).finish_non_exhaustive()
    }
}

impl EventStore for MemoryStore {
    fn log(&self) -> &LogInfo {
        &self.inner.info
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        // An append never waits, so a task that appends in a loop would keep
        // its thread for ever. Here, before anything is written, it may be
        // suspended or dropped; what follows is one synchronous step.
        tokio::task::consume_budget().await;
        self.inner.append(append)
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.inner.home(stream).lock().outcome(stream, key)
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        read::stream(self.inner.clone(), query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        read::log(self.inner.clone(), query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        subscribe::follow(self.inner.clone(), query).boxed()
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        Ok(self.inner.home(stream).lock().stream_head(stream))
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        let state = self.inner.partition(partition)?.lock();
        Ok(state.checkpoint(self.inner.info.id, partition, state.end()))
    }
}
