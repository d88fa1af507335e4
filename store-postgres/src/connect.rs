//! From a URL or a pool to a store that is known to work.

mod described;
mod refusal;
mod url;

use std::time::Duration;

use annals::Partition;
use annals::store::LogInfo;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::PostgresStore;
use crate::error::{ConnectError, Failure, MigrateError};
use crate::migrate;
use crate::options::{PostgresStoreBuilder, Settings, Source};
use crate::session::Session;
use crate::sql::{Schema, Sql};
use described::Described;
pub(crate) use described::Usable;
use refusal::refused;
pub(crate) use refusal::{denied, unreadable};
pub(crate) use url::options;

/// What every connection that is ours is set to, whatever the default of the server,
/// the database and the role: the statements were written for it. On a new log reading a
/// whole table looks cheapest, and a plan that was made then would be kept. What has to be
/// read whole looks so dear then that it would be compiled.
const SETTINGS: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET enable_seqscan = off; SET jit = off";

impl Source {
    pub(crate) fn options(&self) -> Result<PgConnectOptions, ConnectError> {
        match self {
            Source::Url(url) => options(url),
            Source::Pool(pool) => Ok(PgConnectOptions::clone(&pool.connect_options())),
            Source::Options(options) => Ok(PgConnectOptions::clone(options)),
        }
    }
}

/// Opens one connection.
pub(crate) async fn open(
    options: &PgConnectOptions,
    settings: &Settings,
) -> Result<PgConnection, ConnectError> {
    let patience = settings.connect_timeout;
    let connect = async {
        let mut connection = options.connect().await?;
        if !settings.pooler {
            connection.execute(SETTINGS).await?;
        }
        Ok(connection)
    };
    let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    let opened = tokio::time::timeout(patience, connect).await.unwrap_or_else(silent);
    opened.map_err(|error| refused(options, settings, error))
}

/// Opens a connection of a store that is open already. The address may lead to another
/// server by now: what is meant for one log must not reach another.
pub(crate) async fn reopen(
    options: &PgConnectOptions,
    settings: &Settings,
    sql: &Sql,
    info: &LogInfo,
) -> Result<PgConnection, ConnectError> {
    let mut connection = open(options, settings).await?;
    let held = async {
        let mut session = Session::new(&mut connection, settings.pooler);
        let row = session.fetch_optional(sql.identity.query()).await?;
        row.map(|row| Ok((row.try_get::<Uuid, _>(0)?, row.try_get::<i16, _>(1)?))).transpose()
    };
    let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    let held = tokio::time::timeout(settings.connect_timeout, held).await.unwrap_or_else(silent);
    let held = held.map_err(|error| ConnectError::database(&error))?;
    let wanted = (*info.id.as_uuid(), info.partitions.count().cast_signed());
    if held == Some(wanted) { Ok(connection) } else { Err(ConnectError::AnotherLog) }
}

pub(crate) async fn migrate(builder: &PostgresStoreBuilder) -> Result<(), MigrateError> {
    let settings = &builder.settings;
    let schema = settings.schema.clone().map_err(ConnectError::from)?;
    let options = builder.source.options()?;
    let mut connection = open(&options, settings).await?;
    let sql = Sql::new(&schema);
    // Two statements, two snapshots: what the first one asks about no transaction changes.
    let mut session = Session::new(&mut connection, settings.pooler);
    let usable = session.fetch_optional(sql.describe_server.query()).await?;
    let usable = usable.ok_or(sqlx::Error::RowNotFound).and_then(|row| Usable::of(&row))?;
    usable.check()?;
    let made = migrate::migrate(&mut connection, &schema, settings.partitions).await;
    made.map_err(|error| denied(&options, &schema, error))?;
    // It has been committed: a connection that cannot say good-bye harms nothing.
    drop(connection.close().await);
    Ok(())
}

/// How a store reaches its servers.
pub(crate) struct Ways {
    pub(crate) options: PgConnectOptions,
    pub(crate) pool: PgPool,
    /// Where whole partitions are read.
    pub(crate) followed: PgPool,
    /// Where it listens, if it can.
    pub(crate) listen: Option<PgConnectOptions>,
}

pub(crate) async fn connect(builder: PostgresStoreBuilder) -> Result<PostgresStore, ConnectError> {
    let PostgresStoreBuilder { source, settings } = builder;
    let schema = settings.schema.clone()?;
    let sql = Sql::new(&schema);
    let options = source.options()?;
    let mut connection = open(&options, &settings).await?;
    let info = examine(&mut connection, &options, &schema, &sql, &settings).await?;
    let pool = match source {
        Source::Pool(pool) => pool,
        _ => pool(&options, &settings),
    };
    let followed = match &settings.read_url {
        Some(url) => self::pool(&self::options(&url.0)?, &settings),
        None => pool.clone(),
    };
    let listen = match &settings.listen_url {
        Some(url) => Some(self::options(&url.0)?),
        // A pooler takes away what is to be heard.
        None => (!settings.pooler).then(|| options.clone()),
    };
    let ways = Ways { options, pool, followed, listen };
    Ok(PostgresStore::open(info, sql, settings, connection, ways))
}

/// A connection that has rested for so long is asked whether it still works.
pub(crate) const RESTED: Duration = Duration::from_secs(1);

/// A pool for reading. It opens connections when they are needed, and asks only those
/// that have rested whether they still work: the question is a round trip.
fn pool(options: &PgConnectOptions, settings: &Settings) -> PgPool {
    let pooler = settings.pooler;
    PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.read_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // A broken one is thrown away for the error.
                if meta.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if !pooler {
                    connection.execute(SETTINGS).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(options.clone())
}

/// Refuses what would lose or reorder events, or fail later.
async fn examine(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    schema: &Schema,
    sql: &Sql,
    settings: &Settings,
) -> Result<LogInfo, ConnectError> {
    let mut session = Session::new(connection, settings.pooler);
    let explain = |error| unreadable(options, schema, &error);
    let row = session.fetch_optional(sql.describe_log.query()).await.map_err(explain)?;
    let row = row.ok_or_else(|| ConnectError::NoLog { schema: schema.clone() })?;
    let log = Described::of(&row).map_err(|error| ConnectError::database(&error))?;
    log.check(schema, settings)?;

    let all: Vec<i16> = log.partitions.iter().map(|p| p.get().cast_signed()).collect();
    let behind = session.fetch_optional(sql.sequences_behind.query().bind(&all)).await;
    if let Some(row) = behind.map_err(explain)? {
        let partition: i16 = row.try_get(0).map_err(|error| ConnectError::database(&error))?;
        return Err(ConnectError::SequenceBehind {
            partition: Partition::new(partition.cast_unsigned()),
        });
    }
    let mut info = LogInfo::new(log.id);
    info.partitions = log.partitions;
    info.codec = settings.codec;
    info.limits = settings.limits;
    Ok(info)
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        ConnectError::Database(Box::new(failure))
    }
}
