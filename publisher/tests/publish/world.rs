//! A log and a store of read models, of each kind.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{AnyReadModels, AnySession};
use annals::store::{Append, NewEvent};
use annals::testing::ScriptedStore;
use annals::{AnyStore, Event, EventStore, ExpectedVersion, ReadModelStore, StreamId};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_publisher::{MemorySink, Publisher, Publishers, RunningPublishers};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "order")]
pub enum OrderEvent {
    Placed { cents: u64 },
    Paid { cents: u64 },
}

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    /// The database is dropped with the last handle.
    _database: Option<Arc<Database>>,
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        let log = MemoryStore::builder().partitions(partitions).build().erased();
        Self { log, models: MemoryReadModels::new().erased(), _database: None }
    }

    pub async fn postgres(partitions: u16) -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(partitions);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        Self {
            log: builder.connect().await.unwrap().erased(),
            models: PostgresReadModels::connect(database.url()).await.unwrap().erased(),
            _database: Some(Arc::new(database)),
        }
    }

    /// The same log, and a new store of read models: all checkpoints are lost.
    pub fn with_lost_models(&self) -> Self {
        Self { models: MemoryReadModels::new().erased(), ..self.clone() }
    }

    /// The same, with a log that fails as it is told.
    pub fn with_script(self) -> (Self, ScriptedStore) {
        let script = ScriptedStore::new(self.log.clone());
        (Self { log: script.clone().erased(), ..self }, script)
    }

    pub fn publishers(&self) -> Publishers<AnySession> {
        Publishers::new(self.log.clone(), self.models.clone()).lease(Duration::from_secs(1))
    }

    /// All orders, to this sink.
    pub async fn start(&self, sink: &MemorySink) -> RunningPublishers {
        self.start_with(orders(sink)).await
    }

    pub async fn start_with(&self, publisher: Publisher<MemorySink>) -> RunningPublishers {
        self.publishers().publisher(publisher).start().await.unwrap()
    }

    pub async fn append(&self, stream: &StreamId, events: &[OrderEvent]) {
        let events = events.iter().map(|event| self.encoded(event)).collect();
        let append = Append::to(stream.clone(), ExpectedVersion::Any, events);
        self.log.append(append).await.unwrap();
    }

    /// Appends what was recorded elsewhere.
    pub async fn import(&self, stream: &StreamId, event: &OrderEvent) {
        let mut event = self.encoded(event);
        event.recorded_at = Some(time::OffsetDateTime::UNIX_EPOCH);
        let append = Append::to(stream.clone(), ExpectedVersion::Any, vec![event]);
        self.log.append(append.imported()).await.unwrap();
    }

    fn encoded(&self, event: &OrderEvent) -> NewEvent {
        NewEvent::encode(self.log.log().codec, event).unwrap()
    }
}

pub fn orders(sink: &MemorySink) -> Publisher<MemorySink> {
    Publisher::new("orders_out", sink.clone()).category("order")
}

pub fn order(n: u32) -> StreamId {
    StreamId::new("order", n.to_string()).unwrap()
}

pub fn placed(cents: u64) -> OrderEvent {
    OrderEvent::Placed { cents }
}

pub fn paid(cents: u64) -> OrderEvent {
    OrderEvent::Paid { cents }
}
