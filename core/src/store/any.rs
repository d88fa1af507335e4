//! One type for all stores.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::store::{
    Append, AppendError, Appended, DeliveryStream, EventStore, EventStream, IdempotencyKey,
    LogInfo, LogQuery, ReadError, StreamHead, StreamQuery,
};
use crate::{Checkpoint, Partition, StreamId};

/// Any event store, chosen at run time. A clone is another handle to the same
/// store.
#[derive(Clone)]
pub struct AnyStore(Arc<dyn ErasedStore>);

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyStore").field(&self.0.erased_log().id).finish()
    }
}

impl AnyStore {
    /// Erases the type of a store; users call [`EventStore::erased`].
    pub(super) fn new(store: impl EventStore) -> Self {
        Self(Arc::new(store))
    }
}

/// The object-safe twin of [`EventStore`]. Its methods have names of their own,
/// because both traits are in scope here.
trait ErasedStore: Send + Sync {
    fn erased_log(&self) -> &LogInfo;
    fn erased_append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>>;
    fn erased_outcome<'a>(
        &'a self,
        stream: &'a StreamId,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Appended>, AppendError>>;
    fn erased_read(&self, query: StreamQuery) -> EventStream;
    fn erased_read_all(&self, query: LogQuery) -> EventStream;
    fn erased_subscribe(&self, query: LogQuery) -> DeliveryStream;
    fn erased_stream_head<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<Option<StreamHead>, ReadError>>;
    fn erased_log_head(&self, partition: Partition)
    -> BoxFuture<'_, Result<Checkpoint, ReadError>>;
}

impl<S: EventStore> ErasedStore for S {
    fn erased_log(&self) -> &LogInfo {
        self.log()
    }

    fn erased_append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(append))
    }

    fn erased_outcome<'a>(
        &'a self,
        stream: &'a StreamId,
        key: &'a IdempotencyKey,
    ) -> BoxFuture<'a, Result<Option<Appended>, AppendError>> {
        Box::pin(self.outcome(stream, key))
    }

    fn erased_read(&self, query: StreamQuery) -> EventStream {
        self.read(query)
    }

    fn erased_read_all(&self, query: LogQuery) -> EventStream {
        self.read_all(query)
    }

    fn erased_subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.subscribe(query)
    }

    fn erased_stream_head<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<Option<StreamHead>, ReadError>> {
        Box::pin(self.stream_head(stream))
    }

    fn erased_log_head(
        &self,
        partition: Partition,
    ) -> BoxFuture<'_, Result<Checkpoint, ReadError>> {
        Box::pin(self.log_head(partition))
    }
}

impl EventStore for AnyStore {
    fn log(&self) -> &LogInfo {
        self.0.erased_log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.0.erased_append(append).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.0.erased_outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.0.erased_read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.0.erased_read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.0.erased_subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.0.erased_stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.0.erased_log_head(partition).await
    }

    fn erased(self) -> AnyStore {
        self
    }
}
