//! Where the log and the read models are kept; nothing else knows which store it is.

use annals::read_model::{AnyReadModels, AnySession, ReadModelStore};
use annals::{AnyStore, EventStore};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_processes::Processes;
use annals_projections::{Operations, Runner, Views};

use crate::failure::Failure;

#[derive(Debug, Clone)]
pub(crate) struct Storage {
    pub(crate) log: AnyStore,
    models: AnyReadModels,
}

impl Storage {
    /// The database under `url`, or the memory of this process.
    pub(crate) async fn open(url: Option<&str>) -> Result<Self, Failure> {
        match url {
            Some(url) => Self::postgres(url).await,
            None => Ok(Self::memory()),
        }
    }

    /// Everything in memory, gone with the process.
    pub(crate) fn memory() -> Self {
        Self { log: MemoryStore::new().erased(), models: MemoryReadModels::new().erased() }
    }

    /// A database, whose tables are made where they are missing.
    async fn postgres(url: &str) -> Result<Self, Failure> {
        PostgresStore::migrate(url).await?;
        PostgresReadModels::migrate(url).await?;
        let log = PostgresStore::connect(url).await?.erased();
        Ok(Self { log, models: PostgresReadModels::connect(url).await?.erased() })
    }

    pub(crate) fn runner(&self) -> Runner<AnySession> {
        Runner::new(self.log.clone(), self.models.clone())
    }

    pub(crate) fn processes(&self) -> Processes<AnySession> {
        Processes::new(self.log.clone(), self.models.clone())
    }

    pub(crate) fn views(&self) -> Views {
        Views::new(self.models.clone())
    }

    pub(crate) fn operations(&self) -> Operations {
        Operations::new(self.log.clone(), self.models.clone())
    }
}
