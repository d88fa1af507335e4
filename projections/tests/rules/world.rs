//! A log and a store of read models, of each kind, and how things are done there.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::AnyReadModels;
use annals::store::LogQuery;
use annals::{AnyStore, EventStore, ExecuteError, Executed, RawEvent, ReadModelStore, Repository};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Rules, Runner, View};
use futures::TryStreamExt;

use super::domain::{Account, AccountEvent, Emails, Refused, Register, free};

pub type Done = Result<Executed<Account>, ExecuteError<Refused>>;

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    /// The database is dropped with the last handle.
    _database: Option<Arc<Database>>,
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        Self {
            log: MemoryStore::builder().partitions(partitions).build().erased(),
            models: MemoryReadModels::new().erased(),
            _database: None,
        }
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

    pub fn accounts(&self) -> Repository<Account> {
        Repository::new(self.log.clone())
    }

    pub fn rules(&self) -> Rules {
        Rules::new(self.log.clone(), self.models.clone())
    }

    pub async fn register(&self, id: &str, email: &str) -> Done {
        register(&self.accounts(), &self.rules(), id, email).await
    }

    /// Makes the view known, feeds it with all there is, and stops.
    pub async fn feed<V: View>(&self) {
        let runner = Runner::new(self.log.clone(), self.models.clone());
        let runner = runner.lease(Duration::from_secs(1)).view::<V>();
        let running = runner.start().await.unwrap();
        running.caught_up().await.unwrap();
        running.stop().await.unwrap();
    }

    /// How many units have not come to the end of their partition.
    pub async fn units_behind(&self) -> usize {
        let mut behind = 0;
        for model in self.models.models(None).await.unwrap() {
            for unit in model.units {
                let end = self.log.log_head(unit.unit.partition).await.unwrap();
                behind += usize::from(unit.checkpoint != end);
            }
        }
        behind
    }

    /// Every event of the log, partition by partition.
    pub async fn events(&self) -> Vec<RawEvent> {
        let mut all: Vec<RawEvent> = Vec::new();
        for partition in self.log.log().partitions.iter() {
            let read = self.log.read_all(LogQuery::partition(partition));
            all.extend(read.try_collect::<Vec<_>>().await.unwrap());
        }
        all
    }

    /// The guards, and who has registered with this address.
    pub async fn written(&self, email: &str) -> (usize, Vec<String>) {
        let events = self.events().await;
        let (guards, others): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|raw| raw.stream.category() == "annals.guard");
        let own = others.into_iter().filter_map(|raw| {
            let event = raw.decode::<AccountEvent>().unwrap();
            let registered = AccountEvent::Registered { email: email.to_owned() };
            (event.event == registered).then(|| event.stream.key().to_owned())
        });
        (guards.len(), own.collect())
    }
}

pub async fn register(
    accounts: &Repository<Account>,
    rules: &Rules,
    id: &str,
    email: &str,
) -> Done {
    let email = email.to_owned();
    accounts.execute(id, Register(email.clone())).and(rules.on::<Emails, _, _>(&email, free)).await
}

pub fn is_taken(done: &Done) -> bool {
    matches!(done, Err(ExecuteError::Refused(Refused::Taken)))
}
