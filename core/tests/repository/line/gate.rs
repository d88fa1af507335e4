//! A store whose appends wait until the test lets them pass, in the order in
//! which they came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{AppendError, Checkpoint, EventStore, Partition, ReadError, StoreError, StreamId};
use annals_memory::MemoryStore;
use tokio::sync::oneshot;

type Answer = Result<Appended, AppendError>;
type Waiting = (Append, oneshot::Sender<Answer>);

#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) store: MemoryStore,
    waiting: Arc<Mutex<VecDeque<Waiting>>>,
}

impl Gate {
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { store, waiting: Arc::default() }
    }

    /// The versions behind which the waiting appends want to be.
    pub(crate) fn waiting(&self) -> Vec<u64> {
        let expected = |(append, _): &Waiting| append.writes[0].expected.exact().unwrap();
        self.waiting.lock().unwrap().iter().map(|waiting| expected(waiting).get()).collect()
    }

    fn first(&self) -> Waiting {
        self.waiting.lock().unwrap().pop_front().unwrap()
    }

    /// The first append is carried out.
    pub(crate) async fn pass(&self) {
        let (append, answer) = self.first();
        answer.send(self.store.append(append).await).ok();
    }

    /// The first append is carried out; its answer comes when the test says so.
    pub(crate) async fn write(&self) -> impl FnOnce() + use<> {
        let (append, answer) = self.first();
        let written = self.store.append(append).await;
        move || drop(answer.send(written))
    }

    /// The first append fails, and nothing is written.
    pub(crate) fn refuse(&self) {
        let failed = StoreError::permanent("the test says so").into();
        self.first().1.send(Err(failed)).ok();
    }

    /// Whether the first append is written is left open.
    pub(crate) async fn doubt(&self, written: bool) {
        let (append, answer) = self.first();
        if written {
            self.store.append(append).await.ok();
        }
        let lost = StoreError::transient("the test says so");
        answer.send(Err(AppendError::Unknown(lost))).ok();
    }

    /// Appends pass, and the tasks go on, until nothing waits any more.
    pub(crate) async fn pass_all(&self) {
        settle().await;
        while !self.waiting().is_empty() {
            self.pass().await;
            settle().await;
        }
    }

    /// Commits whatever has been waiting, again and again, as a store with a
    /// queue does.
    pub(crate) async fn serve(self) {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            for _ in 0..self.waiting().len() {
                self.pass().await;
            }
        }
    }
}

/// Lets all tasks of the thread go on until each waits for something else.
pub(crate) async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

impl EventStore for Gate {
    fn log(&self) -> &LogInfo {
        self.store.log()
    }

    async fn append(&self, append: Append) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().push_back((append, answer));
        answered.await.unwrap()
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.store.outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.store.read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.store.read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.store.subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.store.stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.store.log_head(partition).await
    }
}
