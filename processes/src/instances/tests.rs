//! Instances that are kept in memory, above a log that has lost its tail or was moved on by newer
//! code.

mod left_behind;
mod newer_code;

use std::sync::{Arc, RwLock};

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, LogInfo, LogQuery, NewEvent, StreamHead,
    StreamQuery,
};
use annals::{
    AnyStore, AppendError, Checkpoint, Event, EventStore, ExpectedVersion, IdempotencyKey,
    Metadata, Origin, Partition, Position, ReadError, Recorded, StreamId, SystemClock, Version,
};
use annals_memory::MemoryStore;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::Instances;
use crate::boundary::Hook;
use crate::engine::Incoming;
use crate::{Input, Process, Reaction, Route};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "purse")]
enum PurseEvent {
    Paid { cents: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "saving")]
enum SavingEvent {
    Saved { cents: u64, before: u64 },
}

#[derive(Default)]
struct Saving {
    cents: u64,
}

impl Process for Saving {
    const NAME: &'static str = "saving";
    type Input = PurseEvent;
    type Event = SavingEvent;
    type Command = ();
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<PurseEvent>) -> Route {
        Route::start(event.stream.key())
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        let Input::Event(event) = input else { return Reaction::none() };
        let PurseEvent::Paid { cents } = event.event;
        Reaction::none().record(SavingEvent::Saved { cents, before: self.cents })
    }

    fn evolve(&mut self, event: &SavingEvent) {
        let SavingEvent::Saved { cents, .. } = event;
        self.cents += cents;
    }
}

/// A log whose content is put back to an older state.
#[derive(Clone)]
struct Restored {
    first: AnyStore,
    now: Arc<RwLock<AnyStore>>,
}

impl Restored {
    fn now(&self) -> AnyStore {
        self.now.read().unwrap().clone()
    }
}

impl EventStore for Restored {
    fn log(&self) -> &LogInfo {
        self.first.log()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.now().append(append).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        self.now().outcome(stream, key).await
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        self.now().read(query)
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        self.now().read_all(query)
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        self.now().subscribe(query)
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        self.now().stream_head(stream).await
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.now().log_head(partition).await
    }
}

fn paid(position: u64, cents: u64) -> Recorded<PurseEvent> {
    Recorded {
        event: PurseEvent::Paid { cents },
        id: annals::EventId::new(),
        stream: "purse-1".parse().unwrap(),
        version: Version::new(position),
        partition: Partition::FIRST,
        position: Position::new(position),
        name: "purse.paid".into(),
        schema_version: 1,
        metadata: Metadata::new(),
        recorded_at: time::OffsetDateTime::UNIX_EPOCH,
        occurred_at: None,
        origin: Origin::Native,
    }
}

async fn take(instances: &Instances<Saving>, event: &Recorded<PurseEvent>) -> bool {
    let incoming = Incoming::Event { event, starts: true, late: false };
    instances.advance("1", &incoming, &Metadata::new()).await.unwrap().is_ok()
}

/// As a dead letter that is tried again.
async fn revive(instances: &Instances<Saving>, event: &Recorded<PurseEvent>) -> bool {
    let incoming = Incoming::Event { event, starts: true, late: true };
    instances.advance("1", &incoming, &Metadata::new()).await.unwrap().is_ok()
}

fn instances(log: AnyStore) -> Instances<Saving> {
    Instances::new(log, Arc::new(SystemClock), Hook::default())
}

fn stream() -> StreamId {
    "annals.process.saving-1".parse().unwrap()
}

async fn saved(log: &AnyStore) -> Vec<SavingEvent> {
    let all: Vec<_> = log.read(StreamQuery::forwards(stream())).try_collect().await.unwrap();
    let own = all.into_iter().filter(|raw| raw.name == "saving.saved");
    own.map(|raw| raw.decode::<SavingEvent>().unwrap().event).collect()
}

/// A log with the first events of the instance, and nothing of what came later.
async fn restored(log: &AnyStore, events: u64) -> AnyStore {
    let older = MemoryStore::new().erased();
    let query = StreamQuery::forwards(stream()).limit(events);
    let first: Vec<_> = log.read(query).try_collect().await.unwrap();
    let again = first.into_iter().map(|raw| {
        let name = raw.name.clone();
        NewEvent::new(name, raw.event).with_id(raw.id)
    });
    let append = Append::to(stream(), ExpectedVersion::NoStream, again.collect());
    older.append(append).await.unwrap();
    older
}

#[tokio::test]
async fn nothing_is_decided_on_a_tail_that_the_log_has_lost() {
    let first = MemoryStore::new().erased();
    let log = Restored { first: first.clone(), now: Arc::new(RwLock::new(first.clone())) };
    let kept = instances(log.clone().erased());
    for (position, cents) in [(1, 100), (2, 20), (3, 3)] {
        assert!(take(&kept, &paid(position, cents)).await);
    }
    // The log is put back behind the first step, and another worker goes on, to the same
    // version and beyond.
    let older = restored(&first, 2).await;
    *log.now.write().unwrap() = older.clone();
    let other = instances(log.clone().erased());
    for (position, cents) in [(2, 4_000), (3, 50_000), (4, 600_000)] {
        assert!(take(&other, &paid(position, cents)).await);
    }
    // What is kept here says 123, and is not believed.
    assert!(take(&kept, &paid(5, 7_000_000)).await);
    let last = saved(&older).await.pop().unwrap();
    assert_eq!(last, SavingEvent::Saved { cents: 7_000_000, before: 654_100 });
}

#[tokio::test]
async fn what_was_taken_in_by_a_lost_tail_is_taken_in_again() {
    let first = MemoryStore::new().erased();
    let log = Restored { first: first.clone(), now: Arc::new(RwLock::new(first.clone())) };
    let kept = instances(log.clone().erased());
    for (position, cents) in [(1, 100), (2, 20), (3, 3)] {
        assert!(take(&kept, &paid(position, cents)).await);
    }
    let older = restored(&first, 2).await;
    *log.now.write().unwrap() = older.clone();
    // By what is kept, this place was passed.
    assert!(take(&kept, &paid(2, 4_000)).await);
    assert_eq!(saved(&older).await.len(), 2);
}
