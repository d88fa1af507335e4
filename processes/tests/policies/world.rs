//! A log and a store of read models, of each kind, and an office on them.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::AnyReadModels;
use annals::{AnyStore, EventStore, ReadModelStore, Repository};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::{CallOptions, PolicyOptions, Processes, RunningProcesses};
use annals_projections::operations::{DeadLetter, LetterQuery};

use super::domain::{Billing, Order, OrderEvent};
use super::office::Office;

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    pub orders: Repository<Order>,
    pub office: Office,
    /// The database is dropped with the last handle.
    database: Option<Arc<Database>>,
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        let log = MemoryStore::builder().partitions(partitions).build().erased();
        Self::new(log, MemoryReadModels::new().erased(), None)
    }

    pub async fn postgres(partitions: u16) -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(partitions);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        let log = builder.connect().await.unwrap().erased();
        let models = PostgresReadModels::connect(database.url()).await.unwrap().erased();
        Self::new(log, models, Some(Arc::new(database)))
    }

    fn new(log: AnyStore, models: AnyReadModels, database: Option<Arc<Database>>) -> Self {
        let (orders, office) = (Repository::new(log.clone()), Office::new(&log));
        Self { log, models, orders, office, database }
    }

    /// The same log, whose read models are lost; on memory only, because what counts is in the
    /// log.
    pub fn with_new_read_models(&self) -> Option<Self> {
        let new = || Self::new(self.log.clone(), MemoryReadModels::new().erased(), None);
        self.database.is_none().then(new)
    }

    /// The same, through connections and with a desk of its own.
    pub async fn other(&self) -> Self {
        let Some(database) = &self.database else {
            return Self::new(self.log.clone(), self.models.clone(), None);
        };
        let partitions = self.log.log().partitions.count();
        let log = PostgresStore::builder(database.url()).partitions(partitions);
        let models = PostgresReadModels::connect(database.url()).await.unwrap().erased();
        let log = log.connect().await.unwrap().erased();
        Self::new(log, models, Some(database.clone()))
    }

    /// A worker that tries commands twice.
    pub async fn worker(&self) -> RunningProcesses {
        self.worker_with(PolicyOptions::new().calls(CallOptions::new().attempts(2))).await
    }

    pub async fn worker_with(&self, options: PolicyOptions) -> RunningProcesses {
        let processes = Processes::new(self.log.clone(), self.models.clone());
        let processes = processes.policy_with::<Billing>(self.office.clone(), options);
        processes.lease(Duration::from_secs(1)).start().await.unwrap()
    }

    pub async fn change(&self, order: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let changed = OrderEvent::Changed { lines };
        self.orders.update(order, |_: &_| changed.clone()).await.unwrap();
    }

    pub async fn letters(&self, worker: &RunningProcesses) -> Vec<DeadLetter> {
        let all = worker.operations().letters(&LetterQuery::all()).await.unwrap();
        all.into_iter().filter(|letter| letter.unit.model.name == "billing").collect()
    }

    /// Waits until nothing is parked.
    pub async fn until_nothing_is_parked(&self, worker: &RunningProcesses) {
        for _ in 0..3_000 {
            if self.letters(worker).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("still parked: {:#?}", self.letters(worker).await);
    }
}
