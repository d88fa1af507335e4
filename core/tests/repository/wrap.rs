//! Stores around a store: one in which something happens before a read, one
//! that is replaced by another log, and one that makes its callers wait.

use std::sync::{Arc, Mutex, PoisonError};

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{AppendError, Checkpoint, EventStore, Partition, ReadError, StreamId};
use annals_memory::MemoryStore;
use futures::StreamExt;
use tokio::task::yield_now;

type Once = Box<dyn FnOnce() + Send>;

/// Something happens once, just before the first read of a stream.
pub(crate) struct BeforeRead {
    store: MemoryStore,
    first: Mutex<Option<Once>>,
}

impl BeforeRead {
    pub(crate) fn new(store: MemoryStore, first: impl FnOnce() + Send + 'static) -> Self {
        Self { store, first: Mutex::new(Some(Box::new(first))) }
    }
}

/// A store whose log may be replaced, as by a restore of an older backup.
#[derive(Clone)]
pub(crate) struct Replaced {
    info: LogInfo,
    store: Arc<Mutex<MemoryStore>>,
}

impl Replaced {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { info: store.log().clone(), store: Arc::new(Mutex::new(store)) }
    }

    pub(crate) fn by(&self, other: MemoryStore) {
        *self.store.lock().unwrap() = other;
    }

    fn now(&self) -> MemoryStore {
        self.store.lock().unwrap().clone()
    }
}

/// Everything goes to the store of the moment.
macro_rules! delegate {
    ($wrapper:ty, $self:ident: $log:expr, $store:expr, $read:block) => {
        impl EventStore for $wrapper {
            fn log(&$self) -> &LogInfo {
                $log
            }

            async fn append(&$self, append: Append) -> Result<Appended, AppendError> {
                $store.append(append).await
            }

            async fn outcome(
                &$self,
                stream: &StreamId,
                key: &IdempotencyKey,
            ) -> Result<Option<Appended>, AppendError> {
                $store.outcome(stream, key).await
            }

            fn read(&$self, query: StreamQuery) -> EventStream {
                $read
                $store.read(query).boxed()
            }

            fn read_all(&$self, query: LogQuery) -> EventStream {
                $store.read_all(query).boxed()
            }

            fn subscribe(&$self, query: LogQuery) -> DeliveryStream {
                $store.subscribe(query).boxed()
            }

            async fn stream_head(
                &$self,
                stream: &StreamId,
            ) -> Result<Option<StreamHead>, ReadError> {
                $store.stream_head(stream).await
            }

            async fn log_head(&$self, partition: Partition) -> Result<Checkpoint, ReadError> {
                $store.log_head(partition).await
            }
        }
    };
}

delegate!(BeforeRead, self: self.store.log(), self.store, {
    let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(first) = first {
        first();
    }
});
delegate!(Replaced, self: &self.info, self.now(), {});

/// A store that waits once before and once after whatever it does, so that its
/// callers can be dropped there.
pub(crate) struct Lazy<S = MemoryStore>(pub(crate) S);

async fn lazily<T>(work: impl Future<Output = T>) -> T {
    yield_now().await;
    let done = work.await;
    yield_now().await;
    done
}

impl<S: EventStore> EventStore for Lazy<S> {
    fn log(&self) -> &LogInfo {
        self.0.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        lazily(self.0.append(append)).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        lazily(self.0.outcome(stream, key)).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.0.read(query).then(|event| lazily(async { event })).boxed()
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.0.read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.0.subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        lazily(self.0.stream_head(stream)).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.0.log_head(partition).await
    }
}
