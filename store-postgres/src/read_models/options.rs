//! What a store of read models can be told before it is opened.

use std::fmt;
use std::time::Duration;

use crate::PostgresStore;
use crate::error::{ConnectError, MigrateError};
use crate::options::{PostgresStoreBuilder, Secret, Settings, Source};
use crate::read_models::{PostgresReadModels, connect};
use crate::sql::Schema;
use crate::store::Inner;

/// Opens [`PostgresReadModels`] that differ from the default.
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects or migrates"]
pub struct PostgresReadModelsBuilder {
    pub(super) source: Source,
    pub(super) settings: Settings,
}

impl PostgresReadModelsBuilder {
    pub(super) fn new(source: Source) -> Self {
        let PostgresStoreBuilder { source, mut settings } = PostgresStoreBuilder::new(source);
        settings.schema = Schema::of_read_models("read_models");
        settings.pool_size = 10;
        settings.durable = false;
        Self { source, settings }
    }

    /// A store in the database of a log, reached in the same way.
    pub(super) fn beside(store: &PostgresStore) -> Self {
        let Inner { pages, settings, .. } = &*store.inner;
        Self::new(Source::Options(Box::new(pages.options()))).with(|s| {
            s.pooler = settings.pooler;
            s.listen_url = settings.listen_url.clone();
            s.connect_timeout = settings.connect_timeout;
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The schema of the store; `read_models` by default, and at most 15 bytes long,
    /// because the tables of each version live in a schema whose name begins with it. A
    /// name that cannot be one is refused when the store connects or migrates.
    pub fn schema(self, name: &str) -> Self {
        self.with(|s| s.schema = Schema::of_read_models(name))
    }

    /// The greatest number of connections; 10 by default, 3 at least. Each step that is
    /// under way has one; two are left for leases, queries and operations, so a pool that
    /// is given should have 3 at least. Ignored where the store was given a pool.
    pub fn pool_size(self, connections: u32) -> Self {
        self.with(|s| s.pool_size = connections.max(3))
    }

    /// The store's URL goes through a pooler that gives a connection away after each
    /// transaction, such as `PgBouncer` in transaction mode.
    ///
    /// Statements are then prepared anew each time, and there are no notifications
    /// unless [`listen_url`](Self::listen_url) names a way around the pooler.
    pub fn transaction_pooler(self) -> Self {
        self.with(|s| s.pooler = true)
    }

    /// Another way to the same server for the connection that listens.
    pub fn listen_url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.with(|s| s.listen_url = Some(Secret(url)))
    }

    /// Waits until each step is durable.
    ///
    /// By default steps commit with `synchronous_commit = off`: a crash of the server may
    /// take the last moments of a read model away, but the checkpoint is in the same
    /// transaction and goes with them, so that the same events are applied again.
    pub fn durable_commits(self) -> Self {
        self.with(|s| s.durable = true)
    }

    /// How long a connection may take to open; 10 seconds by default.
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.with(|s| s.connect_timeout = time)
    }

    /// How long a statement may take that belongs to no step and compares nothing; 15
    /// seconds by default. The statements of a step may take as long as its lease.
    pub fn statement_timeout(self, time: Duration) -> Self {
        self.with(|s| s.statement_timeout = time)
    }

    /// Opens the store, and checks that it can be used.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(self) -> Result<PostgresReadModels, ConnectError> {
        connect::connect(self).await
    }

    /// Makes the schema with its tables, or brings them to the present form; does nothing
    /// where that was done. Any number of processes may do it at once.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        connect::migrate(self).await
    }
}

// Neither the URL nor the options of a pool: both may hold a password.
impl fmt::Debug for PostgresReadModelsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresReadModelsBuilder")
            .field("schema", &self.settings.schema)
            .finish_non_exhaustive()
    }
}
