//! Stores with a history, stores that fail, and how to compare two histories.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use annals::history::{self, ImportError, Imported, Scope};
use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, Limits, LogInfo, LogQuery,
    NewEvent, StreamHead, StreamQuery,
};
use annals::{
    AppendError, Checkpoint, Clock, EventStore, ExpectedVersion, Metadata, Partition, Payload,
    RawEvent, ReadError, StoreError, StreamId,
};
use annals_memory::MemoryStore;
use futures::{Stream, TryStreamExt};
use time::OffsetDateTime;

/// Every look at it is a second and a nanosecond later, long ago.
#[derive(Default)]
pub(crate) struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> OffsetDateTime {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        OffsetDateTime::UNIX_EPOCH + time::Duration::new(ticks, 1)
    }
}

pub(crate) fn store(partitions: u16) -> MemoryStore {
    let builder = MemoryStore::builder().clock(Ticking::default());
    builder.partitions(partitions).build()
}

pub(crate) fn event(number: u64) -> NewEvent {
    let payload = Payload::json(format!(r#"{{"n":{number},"z":1.0,"a":"ä"}}"#)).unwrap();
    let metadata = Metadata::new().with_actor("ada");
    NewEvent::new("account.deposited", payload).with_metadata(metadata)
}

pub(crate) fn stream(number: u64) -> StreamId {
    StreamId::new("account", number).unwrap()
}

/// A store whose streams grew in turns.
pub(crate) async fn filled(partitions: u16, events: u64) -> MemoryStore {
    let store = store(partitions);
    for number in 0..events {
        let append = Append::to(
            stream(number % 5 * (number % 2)),
            ExpectedVersion::Any,
            vec![event(number); 1 + usize::from(number % 3 == 0)],
        );
        store.append(fresh(append)).await.unwrap();
    }
    store
}

/// The append with ids of its own for every event.
fn fresh(mut append: Append) -> Append {
    for write in &mut append.writes {
        for event in &mut write.events {
            event.id = annals::EventId::new();
        }
    }
    append
}

pub(crate) async fn text(store: &impl EventStore) -> String {
    history::export_text(store, Scope::Log).await.unwrap()
}

pub(crate) async fn events(store: &MemoryStore) -> Vec<RawEvent> {
    let all = history::merged(store, &annals::store::Filter::all());
    all.try_collect().await.unwrap()
}

/// The events of a history, without the places at which they stood.
pub(crate) fn portable(text: &str) -> Vec<String> {
    let lines = text.lines().skip(1);
    lines
        .filter(|line| !line.starts_with(r#"{"annals""#))
        .map(|line| {
            let (head, rest) = line.split_once(r#""partition":"#).unwrap();
            let (_, rest) = rest.split_once(r#""position":"#).unwrap();
            let (_, tail) = rest.split_once(',').unwrap();
            format!("{head}{tail}")
        })
        .collect()
}

/// The error of an import, which has written nothing.
pub(crate) async fn refused(text: impl AsRef<[u8]> + Send + Sync) -> ImportError {
    let store = MemoryStore::new();
    let error = history::import_text(&store, text).await.unwrap_err();
    assert!(events(&store).await.is_empty());
    error
}

pub(crate) fn lines(
    text: &str,
) -> impl Stream<Item = Result<String, std::io::Error>> + Send + use<> {
    let lines: Vec<_> = text.lines().map(|line| Ok(line.to_owned())).collect();
    futures::stream::iter(lines)
}

pub(crate) fn limits(events: usize) -> Limits {
    let mut limits = Limits::default();
    limits.events = events;
    limits
}

/// A memory store behind other limits, in which something happens at one of the
/// appends.
pub(crate) struct Disturbed {
    pub(crate) store: MemoryStore,
    info: LogInfo,
    at: usize,
    then: Disturbance,
    appends: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    None,
    /// The append fails, nothing is written.
    Fails,
    /// The append is written, but its answer is lost.
    AnswerLost,
    /// Somebody else writes to a stream of the same log before.
    StrangerWrites,
}

impl Disturbed {
    pub(crate) fn new(store: &MemoryStore, batch: usize, then: Disturbance, at: usize) -> Self {
        let mut info = store.log().clone();
        info.limits = limits(batch);
        Self { store: store.clone(), info, at, then, appends: AtomicUsize::new(0) }
    }

    pub(crate) async fn import(&self, text: &str) -> Result<Imported, ImportError> {
        history::import_text(self, text).await
    }
}

impl EventStore for Disturbed {
    fn log(&self) -> &LogInfo {
        &self.info
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let now = self.appends.fetch_add(1, Ordering::Relaxed) == self.at;
        let then = if now { self.then } else { Disturbance::None };
        match then {
            Disturbance::None => self.store.append(append).await,
            Disturbance::Fails => Err(StoreError::permanent("the disk is gone").into()),
            Disturbance::AnswerLost => {
                self.store.append(append).await?;
                let error = StoreError::transient("the connection is gone");
                Err(AppendError::Unknown(error))
            }
            Disturbance::StrangerWrites => {
                let stranger = StreamId::new("stranger", 1).unwrap();
                let theirs = Append::to(stranger, ExpectedVersion::Any, vec![event(1)]);
                self.store.append(theirs).await?;
                self.store.append(append).await
            }
        }
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
