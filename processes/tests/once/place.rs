//! A log and read models on which workers come and go.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::read_model::{AnyReadModels, LetterQuery};
use annals::{AnyStore, Clock, EventStore, ReadModelStore, Repository, StreamId};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::sqlx::{self, Connection, PgConnection};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::{
    Agenda, CallOptions, Overview, ProcessOperations, ProcessOptions, Processes, RunningProcesses,
    StartError,
};
use annals_projections::Views;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::{Instant, sleep, timeout};

use super::bank::{Bank, Clerk};
use super::domain::{Fulfilment, Order, OrderEvent, Stock, StockEvent};
use super::life::Life;
use super::meddled::Meddled;

pub const LEASE: Duration = Duration::from_millis(400);

/// How long something may be waited for that should come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time of the runtime, which can be put forwards.
#[derive(Clone)]
pub struct Moving(Arc<Mutex<(Instant, Duration)>>);

impl Moving {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), Duration::ZERO))))
    }

    pub fn put_forwards(&self, by: Duration) {
        self.0.lock().unwrap().1 += by;
    }
}

impl Clock for Moving {
    fn now(&self) -> OffsetDateTime {
        let (began, ahead) = *self.0.lock().unwrap();
        // What people decide is due by the clock of the machine, which is behind.
        datetime!(2200-01-01 0:00 UTC) + began.elapsed() + ahead
    }
}

#[derive(Clone)]
pub struct Place {
    pub log: AnyStore,
    pub models: AnyReadModels,
    pub bank: Arc<Bank>,
    pub clock: Moving,
    pub orders: Repository<Order>,
    pub stock: Repository<Stock>,
    /// It is dropped with the last handle.
    pub database: Option<Arc<Database>>,
}

impl Place {
    fn new(log: AnyStore, models: AnyReadModels, clock: Moving) -> Self {
        let (orders, stock) = (Repository::new(log.clone()), Repository::new(log.clone()));
        Self { log, models, bank: Bank::new(), clock, orders, stock, database: None }
    }

    pub fn memory() -> Self {
        let clock = Moving::new();
        let log = MemoryStore::builder().partitions(2).clock(clock.clone()).build().erased();
        let models = MemoryReadModels::with_clock(clock.clone()).erased();
        Self::new(log, models, clock)
    }

    pub async fn postgres() -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(2);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(database.url()).await.unwrap();
        let log = builder.connect().await.unwrap().erased();
        let models = PostgresReadModels::connect(database.url()).await.unwrap().erased();
        let place = Self::new(log, models, Moving::new());
        Self { database: Some(Arc::new(database)), ..place }
    }

    /// The same log, whose read models are lost.
    pub async fn with_new_read_models(&self) -> Self {
        let models = match &self.database {
            None => MemoryReadModels::with_clock(self.clock.clone()).erased(),
            Some(database) => {
                let mut owner = PgConnection::connect(database.url()).await.unwrap();
                let drop = "DO $$ DECLARE lost name; BEGIN \
                            FOR lost IN SELECT nspname FROM pg_namespace \
                            WHERE nspname LIKE 'read\\_models%' \
                            LOOP EXECUTE format('DROP SCHEMA %I CASCADE', lost); END LOOP; END $$";
                sqlx::query(drop).execute(&mut owner).await.unwrap();
                PostgresReadModels::migrate(database.url()).await.unwrap();
                PostgresReadModels::connect(database.url()).await.unwrap().erased()
            }
        };
        Self { models, ..self.clone() }
    }

    /// A bank that nobody has called, on the same log.
    pub fn with_a_new_bank(&self) -> Self {
        Self { bank: Bank::new(), ..self.clone() }
    }

    pub async fn worker(&self, life: &Arc<Life>) -> RunningProcesses {
        let models = Meddled { inner: self.models.clone(), meddler: life.clone() };
        self.worker_on(self.log.clone(), models, (life, LEASE)).await.unwrap()
    }

    /// A worker who sees the log and the read models as these.
    pub async fn worker_on(
        &self,
        log: AnyStore,
        models: Meddled,
        (life, lease): (&Arc<Life>, Duration),
    ) -> Result<RunningProcesses, StartError> {
        let clerk = Clerk::new(&log, &self.bank, life);
        let calls = CallOptions::new().timeout(Duration::from_secs(100_000));
        let options = ProcessOptions::new().kind("payment", calls.clone().attempts(3));
        let options = options.other_kinds(calls.attempts(10_000));
        let processes = Processes::new(log, models);
        let processes = processes.process_with::<Fulfilment>(clerk, options);
        let processes = processes.clock(self.clock.clone()).lease(lease).hook(life.hook());
        processes.start().await
    }

    pub async fn receive(&self, sku: &str, quantity: u32) {
        let received = StockEvent::Received { quantity };
        self.stock.update(sku, |_: &_| received.clone()).await.unwrap();
    }

    /// Goods whose stream is in the partition of an instance.
    pub fn goods_beside(&self, order: &str) -> String {
        let of = |category, key: &str| {
            self.log.log().partitions.of(&StreamId::new(category, key).unwrap())
        };
        let instance = of("annals.process.fulfilment", order);
        let mut goods = (0..).map(|number| format!("pear-{number}"));
        goods.find(|sku| of("stock", sku) == instance).unwrap()
    }

    pub async fn order(&self, order: &str, sku: &str) {
        let placed = OrderEvent::Placed { sku: sku.to_owned(), quantity: 3, cents: 500 };
        self.orders.update(order, |_: &_| placed.clone()).await.unwrap();
    }

    pub fn views(&self) -> Views {
        Views::new(self.models.clone())
    }

    pub fn operations(&self) -> ProcessOperations {
        ProcessOperations::new(self.log.clone(), self.models.clone())
    }

    /// Waits until an instance is as it should be.
    pub async fn until(&self, order: &str, is: impl Fn(&Overview) -> bool) {
        let key = format!("fulfilment/{order}");
        let is_so = async || {
            let found = self.views().get::<Overview>(&key).await;
            // The view is not there before the first worker is.
            found.ok().flatten().is_some_and(|overview| is(&overview))
        };
        let found = async || {
            let found = self.views().get::<Overview>(&key).await;
            let letters = self.models.letters(&LetterQuery::all()).await;
            let models = self.models.models(None).await;
            format!("{found:#?}\n{letters:#?}\n{models:#?}")
        };
        tokio::select! {
            () = eventually(order, is_so) => {}
            () = sleep(PATIENCE - LEASE) => panic!("order {order}: {}", found().await),
        }
    }

    /// Waits until nothing is to be done any more.
    pub async fn until_all_is_done(&self) {
        let is_so = async || self.views().page::<Agenda>(None, 1).await.unwrap().is_empty();
        eventually("an empty agenda", is_so).await;
    }
}

/// Waits until something is so.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waits = async {
        while !is_so().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("it does not come: {what}"));
}
