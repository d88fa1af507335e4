//! A memory store with one thing about it changed.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use annals::conformance::{Fixture, Setup, Suite};
use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, InvalidAppend, Limits, LogInfo,
    LogQuery, StreamHead, StreamQuery,
};
use annals::{AppendError, Checkpoint, EventStore, Partition, ReadError, StreamId};
use annals_memory::MemoryStore;
use futures::future::BoxFuture;

pub(crate) type Answer<'a> = BoxFuture<'a, Result<Appended, AppendError>>;
pub(crate) type Events = EventStream;
pub(crate) type Deliveries = DeliveryStream;

/// What a mutant changes; what is left out stays as it was. Each handle on a
/// log has a mutation of its own.
pub(crate) trait Mutation: Debug + Send + Sync + 'static {
    fn check(&self, append: &Append) -> Result<(), InvalidAppend> {
        append.check(&Limits::default())
    }

    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(store.append(append))
    }

    fn outcome_key(&self, key: &IdempotencyKey) -> IdempotencyKey {
        key.clone()
    }

    fn stream_query(&self, query: StreamQuery) -> StreamQuery {
        query
    }

    fn log_query(&self, query: LogQuery) -> LogQuery {
        query
    }

    fn stream_head(&self, head: Option<StreamHead>) -> Option<StreamHead> {
        head
    }

    fn log_head(&self, head: Checkpoint) -> Checkpoint {
        head
    }

    /// Of a read of a stream.
    fn of_stream(&self, events: Events) -> Events {
        events
    }

    /// Of a read of a partition.
    fn of_log(&self, events: Events) -> Events {
        events
    }

    fn deliveries(&self, deliveries: Deliveries) -> Deliveries {
        deliveries
    }
}

#[derive(Debug)]
pub(crate) struct Mutant {
    store: MemoryStore,
    info: LogInfo,
    mutation: Arc<dyn Mutation>,
}

impl EventStore for Mutant {
    fn log(&self) -> &LogInfo {
        &self.info
    }

    fn append(&self, append: Append) -> impl Future<Output = Result<Appended, AppendError>> + Send {
        match self.mutation.check(&append) {
            Ok(()) => self.mutation.append(&self.store, append),
            Err(invalid) => Box::pin(std::future::ready(Err(invalid.into()))),
        }
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        let key = self.mutation.outcome_key(key);
        self.store.outcome(stream, &key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        let query = self.mutation.stream_query(query);
        self.mutation.of_stream(self.store.read(query))
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        let query = self.mutation.log_query(query);
        self.mutation.of_log(self.store.read_all(query))
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        let query = self.mutation.log_query(query);
        self.mutation.deliveries(self.store.subscribe(query))
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        let head = self.store.stream_head(stream).await?;
        Ok(self.mutation.stream_head(head))
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        let head = self.store.log_head(partition).await?;
        Ok(self.mutation.log_head(head))
    }
}

/// Logs whose handles are mutants. It is one type for all mutations, so that
/// the suite is compiled once for all of them.
pub(crate) struct Mutated(Mutate);

type Mutate = Box<dyn Fn(&MemoryStore) -> Arc<dyn Mutation> + Send + Sync>;

impl Mutated {
    pub(crate) fn new<M: Mutation>(
        mutation: impl Fn(&MemoryStore) -> M + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(move |store| Arc::new(mutation(store))))
    }
}

impl Fixture for Mutated {
    type Log = MemoryStore;
    type Store = Mutant;
    type Snapshots = MemoryStore;

    async fn create(&self, setup: Setup) -> MemoryStore {
        // Limits are the mutant's to check, or not to.
        let mut limits = Limits::default();
        limits.events = usize::MAX;
        limits.payload_bytes = usize::MAX;
        limits.metadata_bytes = usize::MAX;
        limits.append_bytes = usize::MAX;
        let builder = MemoryStore::builder().codec(setup.codec).limits(limits);
        builder.partitions(setup.partitions.count()).build()
    }

    async fn open(&self, log: MemoryStore) -> Mutant {
        let mut info = log.log().clone();
        info.limits = Limits::default();
        let mutation = (self.0)(&log);
        Mutant { store: log, info, mutation }
    }

    async fn snapshots(&self, log: MemoryStore) -> MemoryStore {
        log
    }
}

/// Fails unless a case whose name begins so notices the mutation, on one
/// partition and on eight.
pub(crate) async fn assert_caught<M: Mutation>(
    promise: &'static str,
    mutation: impl Fn(&MemoryStore) -> M + Clone + Send + Sync + 'static,
) {
    for partitions in [1, 8] {
        let suite = Suite::new(Mutated::new(mutation.clone()))
            .setup(Setup::new().with_partitions(partitions))
            .patience(Duration::from_secs(2))
            .only(promise);
        let report = suite.run().await;
        assert!(report.cases() > 0, "there are cases of {promise}");
        assert!(
            report.failures().next().is_some(),
            "no case of {promise} notices, on {partitions} partitions"
        );
    }
}

/// A test for each mutant.
macro_rules! caught {
    ($($test:ident: $promise:literal, $mutation:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            $crate::mutant::assert_caught($promise, $mutation).await;
        }
    )*};
}
pub(crate) use caught;

/// A part of an append as an append of its own.
pub(crate) fn only_write(append: &Append, at: usize) -> Append {
    let mut one = append.clone();
    one.writes = vec![append.writes[at].clone()];
    if at > 0 {
        one.key = None;
    }
    one
}
