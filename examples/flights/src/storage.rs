//! Where the log is kept: in memory, in a PostgreSQL database, or on a server that
//! is thrown away afterwards.

use annals::{AnyStore, EventStore, Partition, Position};
use annals_memory::MemoryStore;
use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;

use crate::failure::Failure;

/// How many flights are told of at the same time. PostgreSQL commits together what
/// waits at the same time; nothing waits in memory.
const CONCURRENT_FLIGHTS: usize = 64;

/// An opened log.
pub(crate) struct Storage {
    pub(crate) store: AnyStore,
    /// How many flights the import tells of at the same time.
    pub(crate) concurrent_flights: usize,
    /// Ends with this value, where there is one.
    _server: Option<Server>,
}

/// Opens what `--store` names; a log in a database is made where there is none.
pub(crate) async fn open(store: &str, schema: &str) -> Result<Storage, Failure> {
    match store {
        "memory" => {
            Ok(Storage { store: MemoryStore::new().erased(), concurrent_flights: 1, _server: None })
        }
        "postgres" => {
            let server = Server::builder().fsync(true).start().await?;
            let store = log(&server.url(), schema).await?;
            let concurrent_flights = CONCURRENT_FLIGHTS;
            Ok(Storage { store, concurrent_flights, _server: Some(server) })
        }
        url if ["postgres://", "postgresql://"].iter().any(|start| url.starts_with(start)) => {
            let store = log(url, schema).await?;
            Ok(Storage { store, concurrent_flights: CONCURRENT_FLIGHTS, _server: None })
        }
        // Not repeated: a mistyped URL may hold a password.
        _ => Err(Failure::UnknownStore),
    }
}

async fn log(url: &str, schema: &str) -> Result<AnyStore, Failure> {
    let log = PostgresStore::builder(url).schema(schema);
    log.migrate().await?;
    Ok(log.connect().await?.erased())
}

impl Storage {
    /// Where the log ends; at the start while it is empty.
    pub(crate) async fn end(&self) -> Result<Position, Failure> {
        let head = self.store.log_head(Partition::new(0)).await?;
        Ok(head.position())
    }
}
