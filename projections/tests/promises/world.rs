//! A log and a store of read models, of each kind.

use std::sync::Arc;
use std::time::Duration;

use annals::read_model::{AnyReadModels, AnySession, ReadModelStore, Which};
use annals::{AnyStore, EventStore};
use annals_memory::{MemoryReadModels, MemoryStore, MemoryTables};
use annals_postgres::sqlx::{self, Connection, PgConnection};
use annals_postgres::testing::Database;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Documents, Operations, Options, Runner, View, Views, replay};

use super::domain::{Line, Lines};

/// How long anything may take that should happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A log and a store of read models.
#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub models: AnyReadModels,
    pub kind: Kind,
}

#[derive(Clone)]
pub enum Kind {
    Memory(MemoryReadModels),
    /// The databases of the read models and of the log, which are dropped with the last
    /// handle.
    Postgres(Arc<Database>, Arc<Database>),
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        let models = MemoryReadModels::new();
        Self {
            log: MemoryStore::builder().partitions(partitions).build().erased(),
            models: models.clone().erased(),
            kind: Kind::Memory(models),
        }
    }

    pub async fn postgres(partitions: u16) -> Self {
        let database = Arc::new(Database::create().await.unwrap());
        Self::of(database.clone(), database, partitions).await
    }

    /// The log and the read models in databases of their own, on PostgreSQL.
    pub async fn apart() -> Self {
        let [models, log] = [Database::create().await.unwrap(), Database::create().await.unwrap()];
        Self::of(Arc::new(models), Arc::new(log), 1).await
    }

    async fn of(models: Arc<Database>, log: Arc<Database>, partitions: u16) -> Self {
        let builder = PostgresStore::builder(log.url()).partitions(partitions);
        builder.clone().migrate().await.unwrap();
        PostgresReadModels::migrate(models.url()).await.unwrap();
        Self {
            log: builder.connect().await.unwrap().erased(),
            models: PostgresReadModels::connect(models.url()).await.unwrap().erased(),
            kind: Kind::Postgres(models, log),
        }
    }

    /// The same read models, and a new log.
    pub async fn with_another_log(&self) -> Self {
        let count = self.log.log().partitions.count();
        let log = match &self.kind {
            Kind::Memory(_) => Self::memory(count).await,
            Kind::Postgres(..) => Self::postgres(count).await,
        };
        Self { models: self.models.clone(), ..log }
    }

    pub fn is_memory(&self) -> bool {
        matches!(self.kind, Kind::Memory(_))
    }

    /// Statements by the owner of the read models.
    pub async fn execute(&self, statements: &str) {
        let Kind::Postgres(models, _) = &self.kind else { panic!("there is no database") };
        execute(models, statements).await;
    }

    /// Statements by the owner of the log.
    pub async fn execute_on_log(&self, statements: &str) {
        let Kind::Postgres(_, log) = &self.kind else { panic!("there is no database") };
        execute(log, statements).await;
    }

    /// A runner with short leases.
    pub fn runner(&self) -> Runner<AnySession> {
        Runner::new(self.log.clone(), self.models.clone()).lease(Duration::from_secs(1))
    }

    /// A runner with the projection of the domain.
    pub fn with_lines(&self, runner: Runner<AnySession>, options: Options) -> Runner<AnySession> {
        match &self.kind {
            Kind::Memory(_) => runner.projection_through::<MemoryTables, _>(Lines, options),
            Kind::Postgres(..) => runner.projection_through::<PgConnection, _>(Lines, options),
        }
    }

    /// The rows of the projection.
    pub async fn lines(&self) -> Vec<Line> {
        match &self.kind {
            Kind::Memory(models) => models.table(&Which::Current("lines".into()), "lines").unwrap(),
            Kind::Postgres(database, _) => {
                let mut db = PgConnection::connect(database.url()).await.unwrap();
                let query = "SELECT stream, version, cents FROM read_models.lines ORDER BY 1, 2";
                let rows = sqlx::query_as::<_, (String, i64, i64)>(query).fetch_all(&mut db).await;
                let line = |(stream, version, cents): (String, i64, i64)| {
                    ((stream, version.cast_unsigned()), cents)
                };
                rows.unwrap().into_iter().map(line).collect()
            }
        }
    }

    /// Changes the schema with the tables of a read model, in PostgreSQL.
    pub async fn alter(&self, name: &str, statement: &'static str) {
        let Kind::Postgres(database, _) = &self.kind else { panic!("there is no SQL in memory") };
        let mut db = PgConnection::connect(database.url()).await.unwrap();
        let path = "SELECT set_config('search_path', quote_ident(home), false) \
                    FROM read_models._models WHERE name = $1";
        sqlx::query(path).bind(name).execute(&mut db).await.unwrap();
        sqlx::raw_sql(statement).execute(&mut db).await.unwrap();
    }

    pub fn views(&self) -> Views {
        Views::new(self.models.clone())
    }

    pub fn operations(&self) -> Operations {
        Operations::new(self.log.clone(), self.models.clone())
    }

    /// What the store keeps of a view.
    pub async fn kept<V: View>(&self) -> Vec<(V::Key, V)> {
        self.views().page::<V>(None, 1_000_000).await.unwrap()
    }

    /// The read model is that of a fresh replay, and its books are those of the log.
    #[track_caller]
    pub fn assert_as_replayed<V>(&self) -> impl Future<Output = ()>
    where
        V: View + PartialEq + std::fmt::Debug,
    {
        let at = std::panic::Location::caller();
        async move {
            let replayed: Documents<V> = replay(&self.log).await.unwrap();
            let replayed: Vec<_> = replayed.into_iter().collect();
            let kept = self.kept::<V>().await;
            assert!(kept == replayed, "{at}: kept {kept:?}\nreplayed {replayed:?}");
            let audit = self.operations().audit(V::NAME, None).await.unwrap();
            assert!(audit.is_clean(), "{at}: {audit}");
        }
    }
}

async fn execute(database: &Database, statements: &str) {
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut owner).await.unwrap();
}
