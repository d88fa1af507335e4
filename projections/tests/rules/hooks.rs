//! A log in which something happens at a moment of one's choice, once.

use std::sync::{Arc, Mutex};

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{AnyStore, AppendError, Checkpoint, EventStore, Partition, ReadError, StreamId};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

/// Before what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// The guard is read.
    Guard,
    /// The document is read: the guard was.
    Document,
    /// The tail of a partition is read: the document was.
    Tail(u16),
    /// The append.
    Append,
}

pub const EVERYWHERE: [Before; 4] =
    [Before::Guard, Before::Document, Before::Tail(0), Before::Append];

type Happens = BoxFuture<'static, ()>;

#[derive(Clone)]
pub struct Hooked {
    log: AnyStore,
    hook: Arc<Mutex<Option<(Before, Happens)>>>,
}

impl Hooked {
    pub fn new(log: AnyStore, before: Before, happens: Happens) -> Self {
        Self { log, hook: Arc::new(Mutex::new(Some((before, happens)))) }
    }

    pub fn has_happened(&self) -> bool {
        self.hook.lock().unwrap().is_none()
    }

    async fn before(&self, now: Before) {
        // Others get their turn, and whoever is dropped can be dropped here.
        tokio::task::yield_now().await;
        let hook = self.hook.lock().unwrap().take_if(|(before, _)| *before == now);
        if let Some((_, happens)) = hook {
            happens.await;
        }
    }
}

impl EventStore for Hooked {
    fn log(&self) -> &LogInfo {
        self.log.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.before(Before::Append).await;
        let appended = self.log.append(append).await;
        tokio::task::yield_now().await;
        appended
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.log.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.log.read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        let this = self.clone();
        let read = async move {
            this.before(Before::Tail(query.partition.get())).await;
            this.log.read_all(query)
        };
        read.flatten_stream().boxed()
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.log.subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.before(Before::Guard).await;
        let head = self.log.stream_head(stream).await;
        self.before(Before::Document).await;
        head
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.log.log_head(partition).await
    }
}
