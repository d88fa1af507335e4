//! The log under test, and what cases do with it all the time.

mod audit;

use std::fmt;
use std::sync::Arc;

use futures::TryStreamExt;

use super::{Fixture, Setup};
use crate::store::{Append, Appended, LogQuery, NewEvent, StreamQuery};
use crate::{
    AppendError, Conflict, EventStore, ExpectedVersion, Partition, Partitions, Payload, RawEvent,
    StreamId, Version,
};

/// What a case is given: an empty log, and a store opened on it.
pub struct Subject<F: Fixture> {
    fixture: Arc<F>,
    setup: Setup,
    log: F::Log,
    /// The first handle.
    pub(super) store: Arc<F::Store>,
}

impl<F: Fixture> fmt::Debug for Subject<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("setup", &self.setup)
            .field("log", self.store.log())
            .finish_non_exhaustive()
    }
}

impl<F: Fixture> Subject<F> {
    /// Makes a log and opens it.
    pub async fn new(fixture: Arc<F>, setup: Setup) -> Self {
        let log = fixture.create(setup).await;
        let store = Arc::new(fixture.open(log.clone()).await);
        let found = store.log().partitions;
        assert_eq!(found, setup.partitions, "the fixture makes the log as it is asked to");
        Self { fixture, setup, log, store }
    }

    /// Another log, of the same kind.
    pub(super) async fn another(&self) -> Self {
        Self::new(self.fixture.clone(), self.setup).await
    }

    /// Another handle on the same log.
    pub(super) async fn reopened(&self) -> Self {
        Self {
            fixture: self.fixture.clone(),
            setup: self.setup,
            log: self.log.clone(),
            store: Arc::new(self.fixture.open(self.log.clone()).await),
        }
    }

    /// The snapshots that belong to the log.
    pub(super) async fn snapshots(&self) -> F::Snapshots {
        self.fixture.snapshots(self.log.clone()).await
    }

    pub(super) fn partitions(&self) -> Partitions {
        self.setup.partitions
    }

    /// A stream of the suite's usual category.
    pub(super) fn stream(&self, key: impl fmt::Display) -> StreamId {
        StreamId::new("conformance", key).expect("a stream id")
    }

    /// Streams that live in one partition.
    pub(super) fn together<const N: usize>(&self) -> [StreamId; N] {
        let home = self.partitions().of(&self.stream(0));
        let mut streams =
            (0..).map(|key| self.stream(key)).filter(|stream| self.partitions().of(stream) == home);
        std::array::from_fn(|_| streams.next().expect("as many as are needed"))
    }

    /// Two streams that live in different partitions, if there are several.
    pub(super) fn apart(&self) -> [StreamId; 2] {
        let first = self.stream(0);
        let home = self.partitions().of(&first);
        let other = (1..).map(|key| self.stream(key)).find(|stream| {
            self.partitions() == Partitions::ONE || self.partitions().of(stream) != home
        });
        [first, other.expect("one of them lives elsewhere")]
    }

    /// An event of this name.
    pub(super) fn named(&self, name: &'static str) -> NewEvent {
        let payload = Payload::encode(self.setup.codec, &serde_json::json!({ "name": name }));
        NewEvent::new(name, payload.expect("a payload"))
    }

    pub(super) fn event(&self) -> NewEvent {
        self.named("happened")
    }

    pub(super) fn events(&self, count: usize) -> Vec<NewEvent> {
        (0..count).map(|_| self.event()).collect()
    }

    /// Appends what must not fail.
    #[track_caller]
    pub(super) fn append(&self, append: Append) -> impl Future<Output = Appended> + Send {
        let at = std::panic::Location::caller();
        let store = self.store.clone();
        async move {
            let result = store.append(append).await;
            result.unwrap_or_else(|error| panic!("{at}: the append failed: {error:?}"))
        }
    }

    /// Appends this many new events, whatever is there.
    #[track_caller]
    pub(super) fn grow(
        &self,
        stream: &StreamId,
        events: usize,
    ) -> impl Future<Output = Appended> + Send {
        let events = self.events(events);
        self.append(Append::to(stream.clone(), ExpectedVersion::Any, events))
    }

    /// Appends what must be refused.
    #[track_caller]
    pub(super) fn refused(&self, append: Append) -> impl Future<Output = AppendError> + Send {
        let at = std::panic::Location::caller();
        let store = self.store.clone();
        async move {
            match store.append(append).await {
                Ok(appended) => panic!("{at}: it should have been refused: {appended:?}"),
                Err(error) => error,
            }
        }
    }

    /// Appends what must end in a conflict.
    #[track_caller]
    pub(super) fn conflict(&self, append: Append) -> impl Future<Output = Conflict> + Send {
        let at = std::panic::Location::caller();
        let refused = self.refused(append);
        async move {
            match refused.await {
                AppendError::Conflict(conflict) => conflict,
                error => panic!("{at}: it should have been a conflict: {error:?}"),
            }
        }
    }

    /// Everything that a stream query reads.
    #[track_caller]
    pub(super) fn read(&self, query: StreamQuery) -> impl Future<Output = Vec<RawEvent>> + Send {
        let at = std::panic::Location::caller();
        let events = self.store.read(query);
        async move {
            let events = events.try_collect().await;
            events.unwrap_or_else(|error| panic!("{at}: the read failed: {error:?}"))
        }
    }

    /// A whole stream.
    #[track_caller]
    pub(super) fn of_stream(
        &self,
        stream: &StreamId,
    ) -> impl Future<Output = Vec<RawEvent>> + Send {
        self.read(StreamQuery::forwards(stream.clone()))
    }

    /// Everything that a log query reads.
    #[track_caller]
    pub(super) fn read_all(&self, query: LogQuery) -> impl Future<Output = Vec<RawEvent>> + Send {
        let at = std::panic::Location::caller();
        let events = self.store.read_all(query);
        async move {
            let events = events.try_collect().await;
            events.unwrap_or_else(|error| panic!("{at}: the read failed: {error:?}"))
        }
    }

    /// A whole partition.
    #[track_caller]
    pub(super) fn of_partition(
        &self,
        partition: Partition,
    ) -> impl Future<Output = Vec<RawEvent>> + Send {
        self.read_all(LogQuery::partition(partition))
    }

    /// The version of a stream.
    pub(super) async fn version(&self, stream: &StreamId) -> Version {
        let head = self.store.stream_head(stream).await;
        head.expect("the head of a stream").map_or(Version::NONE, |head| head.version)
    }
}
