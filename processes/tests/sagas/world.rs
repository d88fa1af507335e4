//! A log and a store of read models, of each kind, and a shop on them.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::AnyReadModels;
use annals::store::{Append, NewEvent, StreamQuery};
use annals::{AnyStore, EventStore, ExpectedVersion, RawEvent, ReadModelStore, StreamId, Token};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::step::{ProcessEvent, Step, Taken, Task};
use annals_processes::{CallOptions, Overview, ProcessOptions, Processes, RunningProcesses};
use futures::TryStreamExt;

use super::domain::{Fulfilment, OrderEvent, StockEvent};
use super::shop::Shop;

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    pub shop: Shop,
    /// The database is dropped with the last handle.
    _database: Option<Arc<Database>>,
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        let log = MemoryStore::builder().partitions(partitions).build().erased();
        let shop = Shop::new(&log);
        Self { log, models: MemoryReadModels::new().erased(), shop, _database: None }
    }

    pub async fn postgres(partitions: u16) -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(partitions);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        let log = builder.connect().await.unwrap().erased();
        let shop = Shop::new(&log);
        Self {
            log,
            models: PostgresReadModels::connect(database.url()).await.unwrap().erased(),
            shop,
            _database: Some(Arc::new(database)),
        }
    }

    /// A worker that tries commands three times.
    pub async fn worker(&self) -> RunningProcesses {
        let calls = CallOptions::new().attempts(3);
        self.worker_with(ProcessOptions::new().other_kinds(calls)).await
    }

    pub async fn worker_with(&self, options: ProcessOptions) -> RunningProcesses {
        let processes = Processes::new(self.log.clone(), self.models.clone());
        let processes = processes.process_with::<Fulfilment>(self.shop.clone(), options);
        processes.lease(Duration::from_secs(1)).start().await.unwrap()
    }

    pub async fn receive(&self, sku: &str, quantity: u32) {
        let received = StockEvent::Received { quantity };
        self.shop.stock.update(sku, |_: &_| received.clone()).await.unwrap();
    }

    pub async fn place(&self, order: &str, sku: &str, quantity: u32) -> Token {
        let placed = OrderEvent::Placed { sku: sku.to_owned(), quantity, cents: 500 };
        let done = self.shop.orders.update(order, |_: &_| placed.clone()).await.unwrap();
        done.token
    }

    /// A step of an instance, written as a worker of other code would.
    pub async fn step(&self, process: &str, key: &str, opened: Task) {
        let input = Taken::WentOn { task: 0 };
        let (closed, undo, phase) = (Vec::new(), Vec::new(), None);
        let step = Step { input, opened: vec![opened], closed, undo, undone: 0, phase };
        let event = NewEvent::encode(self.log.log().codec, &ProcessEvent::Stepped(step)).unwrap();
        let stream = StreamId::new(&format!("annals.process.{process}"), key).unwrap();
        let append = Append::to(stream, ExpectedVersion::NoStream, vec![event]);
        self.log.append(append).await.unwrap();
    }

    /// What the log says of an order, behind its first event.
    pub async fn became(&self, order: &str) -> Vec<OrderEvent> {
        let events = self
            .events("order", order)
            .await
            .into_iter()
            .map(|raw| raw.decode::<OrderEvent>().unwrap().event);
        events.skip(1).collect()
    }

    /// The events of a stream.
    pub async fn events(&self, category: &str, key: &str) -> Vec<RawEvent> {
        let stream = StreamId::new(category, key).unwrap();
        self.log.read(StreamQuery::forwards(stream)).try_collect().await.unwrap()
    }

    /// Waits until an instance is as it should be.
    pub async fn until(
        &self,
        worker: &RunningProcesses,
        order: &str,
        is: impl Fn(&Overview) -> bool,
    ) -> Overview {
        let key = format!("fulfilment/{order}");
        let mut last = None;
        for _ in 0..3_000 {
            last = worker.views().get::<Overview>(&key).await.unwrap();
            if let Some(overview) = last.as_ref().filter(|overview| is(overview)) {
                return overview.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("order {order} is {last:#?}");
    }
}
