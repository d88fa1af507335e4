//! The store itself, and how its contract maps to the files beside this one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use annals::store::{
    Append, Appended, DeliveryStream, EventStream, IdempotencyKey, LogInfo, LogQuery, StreamHead,
    StreamQuery,
};
use annals::{
    AppendError, Checkpoint, EventId, EventStore, LogId, Partition, Partitions, Position,
    ReadError, StoreError, StreamId, Version,
};
use futures::StreamExt;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{PgConnection, PgPool, Row};

use crate::connect::Ways;
use crate::error::{ConnectError, MigrateError, read_error, store_error};
use crate::hub::Hub;
use crate::loads::{Connect, Loads};
use crate::migrate::{self, MigrationFile};
use crate::options::{PostgresStoreBuilder, Settings, Source};
use crate::page::Pages;
use crate::row::unsigned;
use crate::scan::ANOTHER;
use crate::sql::{Schema, Sql};
use crate::writer::{Shared, Writer, first_outcome};
use crate::{read, subscribe};

/// An event store in a PostgreSQL database. A clone is another handle to the same
/// store, its writer and its connections.
///
#[doc = include_str!("../docs/following.md")]
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) info: LogInfo,
    pub(crate) sql: Arc<Sql>,
    pub(crate) settings: Settings,
    pub(crate) writer: Writer,
    pub(crate) loads: Loads,
    pub(crate) hub: Arc<Hub>,
    /// Reads of the primary.
    pub(crate) pages: Pages,
    /// Reads of whole partitions, which may be made elsewhere.
    pub(crate) followed: Pages,
}

impl PostgresStore {
    /// Opens the log in the schema `annals` of a database.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// Opens the log in the schema `annals`, and reads through this pool.
    ///
    /// The connections that append and listen are opened beside the pool, with its
    /// options: they are owned by the store, and never given back.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn from_pool(pool: PgPool) -> Result<Self, ConnectError> {
        Self::builder_from_pool(pool).connect().await
    }

    /// Makes the log in the schema `annals` of a database, with one partition, or
    /// brings its tables to the present form.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn migrate(url: impl Into<String>) -> Result<(), MigrateError> {
        Self::builder(url).migrate().await
    }

    /// What [`migrate`](Self::migrate) does, as files for a migration tool of one's own:
    /// to be run in their order, each once and in a transaction of its own. The first
    /// one makes the log, with this many partitions.
    ///
    /// They take no lock: it is the tool that sees to it that only one process runs
    /// them. Run behind them, `migrate` finds that there is nothing to do. A later
    /// version of this crate has the same files and perhaps more.
    #[must_use]
    pub fn migrations(schema: &Schema, partitions: Partitions) -> Vec<MigrationFile> {
        migrate::files(schema, partitions)
    }

    /// A store that differs from the default.
    pub fn builder(url: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(Source::Url(url.into()))
    }

    /// A store that reads through this pool and differs from the default.
    pub fn builder_from_pool(pool: PgPool) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(Source::Pool(pool))
    }

    pub(crate) fn open(
        info: LogInfo,
        sql: Sql,
        settings: Settings,
        connection: PgConnection,
        ways: Ways,
    ) -> Self {
        let Ways { options, pool, followed, listen } = ways;
        let sql = Arc::new(sql);
        let pages = |pool| Pages::new(pool, sql.clone(), &settings);
        let (pages, followed) = (pages(pool), pages(followed));
        let hub = Hub::new(&info, &settings, pages.clone(), followed.clone(), listen);
        let shared = Shared {
            info: info.clone(),
            sql: sql.clone(),
            settings: settings.clone(),
            options: options.clone(),
            hub: hub.clone(),
        };
        let writer = Writer::start(shared, connection);
        let connect = Connect { options, settings: settings.clone(), info: info.clone() };
        let loads = Loads::start(pages.clone(), connect);
        let inner = Inner { info, sql, settings, writer, loads, hub, pages, followed };
        Self { inner: Arc::new(inner) }
    }

    /// Ends the store: appends that wait are written, new ones are refused.
    ///
    /// Returns whether all that waited was written within the time; what was not is
    /// answered to its callers as not written, or as [`Unknown`](AppendError::Unknown).
    /// Reads and subscriptions go on while handles are held. Dropping the future stops
    /// waiting; the store takes no more appends, and those that wait are still written.
    pub async fn close(&self, within: Duration) -> bool {
        self.inner.writer.close(within).await
    }

    /// The partition in which the stream lives.
    pub(crate) fn home(&self, stream: &StreamId) -> Partition {
        self.inner.info.partitions.of(stream)
    }

    pub(crate) fn check(&self, partition: Partition) -> Result<(), ReadError> {
        let partitions = self.inner.info.partitions.count();
        if partition.get() < partitions {
            return Ok(());
        }
        Err(ReadError::NoSuchPartition { partition, partitions })
    }

    async fn row(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Option<PgRow>, sqlx::Error> {
        Ok(self.inner.pages.fetch(query).await?.into_iter().next())
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("log", &self.inner.info).finish_non_exhaustive()
    }
}

impl EventStore for PostgresStore {
    fn log(&self) -> &LogInfo {
        &self.inner.info
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.inner.writer.append(self, append).await
    }

    async fn outcome(
        &self,
        stream: &StreamId,
        key: &IdempotencyKey,
    ) -> Result<Option<Appended>, AppendError> {
        let Inner { info, sql, .. } = &*self.inner;
        let query = || sql.outcome.query().bind(stream.as_str()).bind(key.as_str());
        let failed = |error| AppendError::Store(store_error(&error));
        let Some(row) = self.row(query()).await.map_err(failed)? else {
            return Ok(None);
        };
        let known = row.try_get(0).map_err(failed)?;
        first_outcome(info, stream, key, &known).map(Some)
    }

    fn read(&self, query: StreamQuery) -> EventStream {
        read::stream(self.clone(), query).boxed()
    }

    fn read_all(&self, query: LogQuery) -> EventStream {
        read::log(self.clone(), query).boxed()
    }

    fn subscribe(&self, query: LogQuery) -> DeliveryStream {
        subscribe::follow(self.clone(), query).boxed()
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<Option<StreamHead>, ReadError> {
        let home = self.home(stream).get().cast_signed();
        let query = self.inner.sql.stream_head.query().bind(home).bind(stream.as_str());
        let Some(row) = self.row(query).await.map_err(read_error)? else {
            return Ok(None);
        };
        let head = || -> sqlx::Result<StreamHead> {
            Ok(StreamHead {
                version: Version::new(unsigned(row.try_get(0)?)),
                position: Position::new(unsigned(row.try_get(1)?)),
                event: EventId::from_uuid(row.try_get(2)?),
            })
        };
        head().map(Some).map_err(read_error)
    }

    async fn log_head(&self, partition: Partition) -> Result<Checkpoint, ReadError> {
        self.check(partition)?;
        let query = || self.inner.sql.log_head.query().bind(partition.get().cast_signed());
        let row = self.inner.followed.read(query).await.map_err(read_error)?;
        let row = row.into_iter().next().ok_or_else(|| read_error(sqlx::Error::RowNotFound))?;
        let log = self.inner.info.id;
        let held = row.try_get("log").map(LogId::from_uuid).map_err(read_error)?;
        if held != log {
            return Err(ReadError::Store(StoreError::permanent(ANOTHER)));
        }
        let head = || -> sqlx::Result<Checkpoint> {
            let Some(position) = row.try_get(0)? else {
                return Ok(Checkpoint::start(log, partition));
            };
            let (position, event) = (Position::new(unsigned(position)), row.try_get(1)?);
            Ok(Checkpoint::new(log, partition, position, EventId::from_uuid(event)))
        };
        head().map_err(read_error)
    }
}
