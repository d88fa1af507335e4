//! Where the log and the read models are kept; nothing else knows which store it is.

use annals::read_model::{AnyReadModels, AnySession, ReadModelStore, Which};
use annals::{AnyStore, EventStore};
use annals_memory::{MemoryReadModels, MemoryStore, MemoryTables};
use annals_postgres::sqlx::{PgConnection, PgPool};
use annals_postgres::testing::Server;
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Operations, Options, Runner, Views};

use crate::account::AccountId;
use crate::failure::Failure;
use crate::statement::{self, Line, LineKey, StatementLines};

/// Parts of the log that are fed at the same time, also by several workers.
const PARTITIONS: u16 = 4;

#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) log: AnyStore,
    models: AnyReadModels,
    tables: Tables,
    /// Ends with this value, where there is one.
    _server: Option<Server>,
}

/// Where the rows of a projection are read.
#[derive(Debug)]
enum Tables {
    Memory(MemoryReadModels),
    Postgres(PgPool),
}

impl Storage {
    /// Everything in memory.
    pub(crate) fn memory() -> Self {
        let log = MemoryStore::builder().partitions(PARTITIONS).build();
        Self::beside(log.erased())
    }

    /// New read models in memory, of a log that is there.
    pub(crate) fn beside(log: AnyStore) -> Self {
        let models = MemoryReadModels::new();
        let tables = Tables::Memory(models.clone());
        Self { log, models: models.erased(), tables, _server: None }
    }

    /// A database, whose tables are made where they are missing.
    pub(crate) async fn postgres(url: &str) -> Result<Self, Failure> {
        let log = PostgresStore::builder(url).partitions(PARTITIONS);
        log.migrate().await?;
        PostgresReadModels::migrate(url).await?;
        let (log, models) = (log.connect().await?, PostgresReadModels::connect(url).await?);
        let tables = Tables::Postgres(PgPool::connect_lazy(url)?);
        Ok(Self { log: log.erased(), models: models.erased(), tables, _server: None })
    }

    /// A server that is started for this run and thrown away.
    pub(crate) async fn throw_away() -> Result<Self, Failure> {
        let server = Server::builder().fsync(true).start().await?;
        let storage = Self::postgres(&server.url()).await?;
        Ok(Self { _server: Some(server), ..storage })
    }

    /// A runner that feeds the statement lines, and whatever it is given besides.
    pub(crate) fn runner(&self) -> Runner<AnySession> {
        let runner = Runner::new(self.log.clone(), self.models.clone());
        let options = Options::new();
        match &self.tables {
            Tables::Memory(_) => {
                runner.projection_through::<MemoryTables, _>(StatementLines, options)
            }
            Tables::Postgres(_) => {
                runner.projection_through::<PgConnection, _>(StatementLines, options)
            }
        }
    }

    /// The views, for questions.
    pub(crate) fn views(&self) -> Views {
        Views::new(self.models.clone())
    }

    /// Rebuilding, switching and auditing.
    pub(crate) fn operations(&self) -> Operations {
        Operations::new(self.log.clone(), self.models.clone())
    }

    /// The statement lines of an account, or of all.
    pub(crate) async fn lines(
        &self,
        account: Option<AccountId>,
    ) -> Result<Vec<(LineKey, Line)>, Failure> {
        match &self.tables {
            Tables::Memory(models) => {
                let current = Which::Current(statement::NAME.to_owned());
                let mut lines = models.table::<LineKey, Line>(&current, statement::NAME)?;
                lines.retain(|((of, _), _)| account.is_none_or(|account| *of == account));
                Ok(lines)
            }
            Tables::Postgres(pool) => Ok(statement::postgres::lines(pool, account).await?),
        }
    }
}
