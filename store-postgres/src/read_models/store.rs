//! The store itself: what its handles share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals::read_model::{InvalidName, Lease, ModelId, Unit};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Semaphore;

use crate::PostgresStore;
use crate::error::{ConnectError, MigrateError};
use crate::options::{Settings, Source};
use crate::read_models::PostgresReadModelsBuilder;
use crate::read_models::access::Access;
use crate::read_models::news::News;
use crate::sql::{ReadModelSql, Schema, TableSql, home};

/// How many connections of the pool no step takes.
const SPARED: usize = 2;

/// Read models in a PostgreSQL database, that of the log or another. A clone is another
/// handle to the same store and its connections.
///
#[doc = include_str!("../../docs/read_models.md")]
#[derive(Clone)]
pub struct PostgresReadModels {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) access: Access,
    pub(super) schema: Schema,
    pub(super) sql: ReadModelSql,
    pub(super) settings: Settings,
    pub(super) news: Arc<News>,
    /// Steps may wait for locks of other workers, and not for connections that renew
    /// leases, answer queries and look after things: some are left for these.
    pub(super) steps: Arc<Semaphore>,
    /// The statements of each version, rendered once. Locked for a look, never across an
    /// await, as those below.
    tables: Mutex<HashMap<ModelId, Arc<TableSql>>>,
    /// The same of the SQL views.
    current: Mutex<HashMap<String, Arc<TableSql>>>,
    /// Of each unit, the token of the lease under which its tables were shown.
    exposed: Mutex<HashMap<Unit, u64>>,
    /// Which version each connection of the server has served last.
    pub(super) served: Mutex<HashMap<i32, ModelId>>,
}

impl PostgresReadModels {
    /// Opens the store in the schema `read_models` of a database.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// Opens the store in the schema `read_models`, on this pool.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn from_pool(pool: PgPool) -> Result<Self, ConnectError> {
        Self::builder_from_pool(pool).connect().await
    }

    /// Makes the schema `read_models` of a database with its tables, or brings them to
    /// the present form.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn migrate(url: impl Into<String>) -> Result<(), MigrateError> {
        Self::builder(url).migrate().await
    }

    /// A store that differs from the default.
    pub fn builder(url: impl Into<String>) -> PostgresReadModelsBuilder {
        PostgresReadModelsBuilder::new(Source::Url(url.into()))
    }

    /// A store that works through this pool and differs from the default.
    pub fn builder_from_pool(pool: PgPool) -> PostgresReadModelsBuilder {
        PostgresReadModelsBuilder::new(Source::Pool(pool))
    }

    pub(super) fn open(
        schema: Schema,
        sql: ReadModelSql,
        settings: Settings,
        pool: PgPool,
        listen: Option<PgConnectOptions>,
    ) -> Self {
        let news = News::new(&schema, &sql, &settings, pool.clone(), listen);
        let connections = usize::try_from(pool.options().get_max_connections()).unwrap_or(1);
        let steps = Arc::new(Semaphore::new(connections.saturating_sub(SPARED).max(1)));
        let access = Access::new(pool, &settings);
        let inner = Inner {
            access,
            schema,
            sql,
            settings,
            news,
            steps,
            tables: Mutex::default(),
            current: Mutex::default(),
            exposed: Mutex::default(),
            served: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The statements of a version.
    pub(super) fn tables(&self, id: &ModelId) -> Result<Arc<TableSql>, InvalidName> {
        if let Some(known) = lock(&self.inner.tables).get(id) {
            return Ok(known.clone());
        }
        // Where the name would be too long nothing was declared, and so nothing is found.
        let home = home(&self.inner.schema, id)?.unwrap_or_default();
        let (main, pooler) = (&self.inner.schema, self.inner.settings.pooler);
        let made = TableSql::of_version(main, &home, &id.name, pooler);
        Ok(lock(&self.inner.tables).entry(id.clone()).or_insert(Arc::new(made)).clone())
    }

    /// The statements for the SQL view of the current version.
    pub(super) fn current(&self, name: &str) -> Result<Arc<TableSql>, InvalidName> {
        if let Some(known) = lock(&self.inner.current).get(name) {
            return Ok(known.clone());
        }
        let made = TableSql::of_current(&self.inner.schema, name, self.inner.settings.pooler)?;
        let mut current = lock(&self.inner.current);
        Ok(current.entry(name.to_owned()).or_insert(Arc::new(made)).clone())
    }

    /// Whether the tables of the unit's version were shown under this lease already.
    pub(super) fn exposed(&self, lease: &Lease) -> bool {
        lock(&self.inner.exposed).get(&lease.unit) == Some(&lease.token)
    }

    pub(super) fn has_exposed(&self, lease: &Lease) {
        lock(&self.inner.exposed).insert(lease.unit.clone(), lease.token);
    }
}

impl PostgresStore {
    /// A store of read models in the database of this log, with connections of its own.
    pub fn read_models(&self) -> PostgresReadModelsBuilder {
        PostgresReadModelsBuilder::beside(self)
    }
}

impl fmt::Debug for PostgresReadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresReadModels")
            .field("schema", &self.inner.schema.as_str())
            .finish_non_exhaustive()
    }
}

/// What is guarded is never left half-changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
