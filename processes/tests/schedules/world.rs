//! A log and a store of read models, of each kind, and reminders that are sent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::read_model::AnyReadModels;
use annals::testing::ManualClock;
use annals::{Aggregate, AnyStore, Event, EventStore, ReadModelStore, Repository};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::{
    Call, CallOptions, Executor, Failure, Overview, ProcessOptions, Processes, RunningProcesses,
    Schedule, ScheduledCommand,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::sync::Semaphore;

pub const NOON: OffsetDateTime = datetime!(2030-06-01 12:00 UTC);
pub const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "customer")]
pub enum CustomerEvent {
    Reminded { of: String },
}

#[derive(Debug, Default)]
pub struct Customer {
    pub reminded: Vec<String>,
}

impl Aggregate for Customer {
    const CATEGORY: &'static str = "customer";
    type Id = str;
    type Event = CustomerEvent;

    fn evolve(&mut self, CustomerEvent::Reminded { of }: &CustomerEvent) {
        self.reminded.push(of.clone());
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Remind {
    pub customer: String,
    pub of: String,
}

impl ScheduledCommand for Remind {
    const NAME: &'static str = "reminders";
}

pub fn remind(of: &str) -> Remind {
    Remind { customer: "ada".to_owned(), of: of.to_owned() }
}

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    pub clock: ManualClock,
    pub post: Post,
    pub schedule: Schedule<Remind>,
    /// The database is dropped with the last handle.
    _database: Option<Arc<Database>>,
}

/// Who reminds customers.
#[derive(Clone)]
pub struct Post {
    customers: Repository<Customer>,
    pub calls: Arc<Mutex<Vec<String>>>,
    pub refuses: Arc<AtomicBool>,
    /// What is asked to `wait` waits for room here.
    pub room: Arc<Semaphore>,
}

impl Executor<Remind> for Post {
    type Reply = ();

    async fn execute(&self, command: &Remind, call: &Call) -> Result<(), Failure> {
        self.calls.lock().unwrap().push(command.of.clone());
        if command.of == "wait" {
            let _ = self.room.acquire().await;
        }
        if self.refuses.load(Ordering::SeqCst) {
            return Err(Failure::refused("nobody lives there"));
        }
        let reminded = CustomerEvent::Reminded { of: command.of.clone() };
        let customer = self.customers.update(&command.customer, |_: &_| reminded.clone());
        customer.idempotency_key(call.key.clone()).await?;
        Ok(())
    }
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
        let clock = ManualClock::at(NOON);
        let post = Post {
            customers: Repository::new(log.clone()),
            calls: Arc::default(),
            refuses: Arc::default(),
            room: Arc::new(Semaphore::new(0)),
        };
        let schedule = Schedule::new(log.clone()).clock(clock.clone());
        Self { log, models, clock, post, schedule, _database: database }
    }

    /// A worker that has one command in hand at a time.
    pub async fn worker(&self) -> RunningProcesses {
        let one = ProcessOptions::new().other_kinds(CallOptions::new().concurrency(1));
        let processes = Processes::new(self.log.clone(), self.models.clone());
        let processes = processes.schedule_with::<Remind>(self.post.clone(), one);
        let processes = processes.clock(self.clock.clone()).lease(Duration::from_secs(1));
        processes.start().await.unwrap()
    }

    /// Of what Ada was reminded, in the order of the alphabet.
    pub async fn reminded(&self) -> Vec<String> {
        let mut reminded = self.post.customers.load("ada").await.unwrap().state.reminded;
        reminded.sort();
        reminded
    }

    /// Waits until what stands under a key is as it should be.
    pub async fn until(
        &self,
        worker: &RunningProcesses,
        key: &str,
        is: impl Fn(&Overview) -> bool,
    ) -> Overview {
        let key = format!("reminders/{key}");
        let mut last = None;
        for _ in 0..3_000 {
            last = worker.views().get::<Overview>(&key).await.unwrap();
            if let Some(overview) = last.as_ref().filter(|overview| is(overview)) {
                return overview.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("command {key} is {last:#?}");
    }

    /// Has a command carried out in each partition, behind all others that are due.
    pub async fn until_all_is_done(&self, worker: &RunningProcesses, name: &str) {
        let keys: Vec<_> = (0..9).map(|nth| format!("{name}{nth}")).collect();
        let due = OffsetDateTime::UNIX_EPOCH;
        for key in &keys {
            let nobody = Remind { customer: "nobody".to_owned(), of: key.clone() };
            self.schedule.at(key, due, &nobody).await.unwrap();
        }
        for key in &keys {
            self.until(worker, key, |overview| overview.book.phase.is_over()).await;
        }
    }
}
