//! Commands of 16 tasks on one account, in a store that takes a millisecond for
//! each commit and commits together what waits, as one above a database does.

use crate::Failure;
use std::time::Duration;

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{
    AppendError, Checkpoint, EventStore, Partition, ReadError, Repository, StoreError, StreamId,
};
use annals_memory::MemoryStore;
use tokio::sync::{mpsc, oneshot};

use crate::account::{Account, Deposit};
use crate::measure::{Figure, Stopwatch};

const COMMIT: Duration = Duration::from_millis(1);

type Waiting = (Append, oneshot::Sender<Result<Appended, AppendError>>);

struct GroupCommit {
    store: MemoryStore,
    queue: mpsc::UnboundedSender<Waiting>,
}

impl GroupCommit {
    fn new(store: MemoryStore) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(commit(store.clone(), waiting));
        Self { store, queue }
    }
}

async fn commit(store: MemoryStore, mut waiting: mpsc::UnboundedReceiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, 4096).await > 0 {
        tokio::time::sleep(COMMIT).await;
        for (append, answer) in batch.drain(..) {
            answer.send(store.append(append).await).ok();
        }
    }
}

impl EventStore for GroupCommit {
    fn log(&self) -> &LogInfo {
        self.store.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        let gone = || AppendError::Unknown(StoreError::permanent("the committer is gone"));
        self.queue.send((append, answer)).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
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

pub(crate) async fn run(time: Duration) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (workload, tasks) in [("hot_1", 1), ("hot_16", 16), ("hot_256", 256)] {
        let accounts = Repository::<Account>::new(GroupCommit::new(MemoryStore::new())).cache(8);
        let watch = Stopwatch::start();
        let one = |_| tokio::spawn(run_one(accounts.clone(), time));
        let tasks: Vec<_> = (0..tasks).map(one).collect();
        let mut done = 0;
        for task in tasks {
            done += task.await?;
        }
        figures.push(watch.stop(workload, done));
    }
    Ok(figures)
}

async fn run_one(accounts: Repository<Account>, time: Duration) -> u64 {
    let (watch, mut done) = (Stopwatch::start(), 0);
    while watch.passed() < time {
        done += u64::from(accounts.execute(&1, Deposit { cents: 1 }).await.is_ok());
    }
    done
}
