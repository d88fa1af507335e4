//! The PostgreSQL event store of the `annals` crate: durable, ordered, fast, and
//! honest about doubt.
//!
//! ```no_run
//! use annals_postgres::PostgresStore;
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "postgres://app:secret@localhost/shop";
//! PostgresStore::migrate(url).await?; // once for each release, from any number of processes
//! let store = PostgresStore::connect(url).await?;
//! # Ok(())
//! # }
//! ```

mod connect;
mod error;
mod hub;
mod loads;
mod migrate;
mod options;
mod page;
mod read;
mod read_models;
mod roles;
mod row;
mod scan;
mod session;
mod snapshots;
mod sql;
mod store;
mod subscribe;
#[cfg(feature = "testing")]
pub mod testing;
mod transaction;
mod writer;

pub use error::{ConnectError, MigrateError};
pub use migrate::MigrationFile;
pub use options::PostgresStoreBuilder;
pub use read_models::{PostgresReadModels, PostgresReadModelsBuilder, PostgresStep};
pub use roles::RolesError;
pub use sql::{InvalidRole, InvalidSchema, Schema};
/// The driver, for transactions and pools of the same version.
pub use sqlx;
pub use store::PostgresStore;
pub use transaction::InTransaction;
