//! Where the log and its read models are kept: in memory, in a PostgreSQL database, or
//! on a server that is thrown away afterwards.

use annals::read_model::{AnyReadModels, AnySession, ReadModelStore, Which};
use annals::{AnyStore, EventStore, Partition, Position};
use annals_memory::{MemoryReadModels, MemoryStore, MemoryTables};
use annals_postgres::sqlx::postgres::PgConnectOptions;
use annals_postgres::sqlx::{PgConnection, PgPool};
use annals_postgres::testing::Server;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Options, Runner, Views};

use crate::failure::Failure;
use crate::flight::FlightId;
use crate::legs::{self, Legs};

/// How many flights are told of at the same time. PostgreSQL commits together what
/// waits at the same time; nothing waits in memory.
const CONCURRENT_FLIGHTS: usize = 64;

/// An opened log, and the read models that are fed from it.
pub(crate) struct Storage {
    pub(crate) store: AnyStore,
    /// How many flights the import tells of at the same time.
    pub(crate) concurrent_flights: usize,
    models: AnyReadModels,
    tables: Tables,
    /// Ends with this value, where there is one.
    _server: Option<Server>,
}

/// Where the rows of a projection are read.
enum Tables {
    Memory(MemoryReadModels),
    Postgres(PgPool),
}

/// Opens what `--store` names; a log in a database is made where there is none.
pub(crate) async fn open(store: &str, schema: &str) -> Result<Storage, Failure> {
    match store {
        "memory" => Ok(memory()),
        "postgres" => {
            let server = Server::builder().fsync(true).start().await?;
            let storage = postgres(&server.url(), schema).await?;
            Ok(Storage { _server: Some(server), ..storage })
        }
        url if ["postgres://", "postgresql://"].iter().any(|start| url.starts_with(start)) => {
            postgres(url, schema).await
        }
        // Not repeated: a mistyped URL may hold a password.
        _ => Err(Failure::UnknownStore),
    }
}

fn memory() -> Storage {
    let models = MemoryReadModels::new();
    Storage {
        store: MemoryStore::new().erased(),
        concurrent_flights: 1,
        tables: Tables::Memory(models.clone()),
        models: models.erased(),
        _server: None,
    }
}

async fn postgres(url: &str, schema: &str) -> Result<Storage, Failure> {
    let log = PostgresStore::builder(url).schema(schema);
    log.migrate().await?;
    // A store of read models belongs to one log.
    let schema = format!("{schema}_rm");
    let models = PostgresReadModels::builder(url).schema(&schema);
    models.migrate().await?;
    // There the tables of the current versions are found, whichever these are.
    let path = [("search_path", format!("\"{schema}\""))];
    let tables = url.parse::<PgConnectOptions>()?.options(path);
    Ok(Storage {
        store: log.connect().await?.erased(),
        concurrent_flights: CONCURRENT_FLIGHTS,
        models: models.connect().await?.erased(),
        tables: Tables::Postgres(PgPool::connect_lazy_with(tables)),
        _server: None,
    })
}

impl Storage {
    /// Where the log ends; at the start while it is empty.
    pub(crate) async fn end(&self) -> Result<Position, Failure> {
        let head = self.store.log_head(Partition::new(0)).await?;
        Ok(head.position())
    }

    /// A runner that feeds the table of legs, and whatever it is given besides.
    pub(crate) fn runner(&self) -> Runner<AnySession> {
        let runner = Runner::new(self.store.clone(), self.models.clone());
        let options = Options::new();
        match &self.tables {
            Tables::Memory(_) => runner.projection_through::<MemoryTables, _>(Legs, options),
            Tables::Postgres(_) => runner.projection_through::<PgConnection, _>(Legs, options),
        }
    }

    /// The views, for questions.
    pub(crate) fn views(&self) -> Views {
        Views::new(self.models.clone())
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> annals_projections::Operations {
        annals_projections::Operations::new(self.store.clone(), self.models.clone())
    }

    /// The flights of an aircraft.
    pub(crate) async fn legs(&self, aircraft: &str) -> Result<Vec<FlightId>, Failure> {
        match &self.tables {
            Tables::Memory(models) => {
                let current = Which::Current(legs::NAME.to_owned());
                let rows = models.table::<(String, FlightId), ()>(&current, legs::NAME)?;
                let of_it = rows.into_iter().filter(|((of, _), ())| of == aircraft);
                Ok(of_it.map(|((_, flight), ())| flight).collect())
            }
            Tables::Postgres(pool) => legs::of_aircraft(pool, aircraft).await,
        }
    }
}
