//! From a URL or a pool to a store that is known to work.

use std::str::FromStr;
use std::time::Duration;

use annals::store::LogInfo;
use annals::{LogId, Partition, Partitions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool, Row};

use crate::PostgresStore;
use crate::error::{ConnectError, Failure, MigrateError};
use crate::migrate::{self, FORMAT};
use crate::options::{PostgresStoreBuilder, Settings, Source};
use crate::session::Session;
use crate::sql::{Schema, Sql};

/// The oldest server that is supported: the oldest whose makers still mend it.
const OLDEST_SERVER: i32 = 15;

/// What every connection that is ours is set to, whatever the default of the server,
/// the database and the role: the statements were written for it.
const SETTINGS: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

pub(crate) fn options(url: &str) -> Result<PgConnectOptions, ConnectError> {
    let parsed = PgConnectOptions::from_str(url).map_err(|error| {
        // The parser's own words repeat no part of the URL but a wrong option.
        let reason = match error {
            sqlx::Error::Configuration(reason) => reason.to_string(),
            _ => "it is not one".to_owned(),
        };
        ConnectError::InvalidUrl { reason }
    })?;
    Ok(parsed.application_name("annals"))
}

impl Source {
    pub(crate) fn options(&self) -> Result<PgConnectOptions, ConnectError> {
        match self {
            Source::Url(url) => options(url),
            Source::Pool(pool) => Ok(PgConnectOptions::clone(&pool.connect_options())),
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
    opened.map_err(|error| refused(options, error))
}

/// Why there is no connection.
fn refused(options: &PgConnectOptions, error: sqlx::Error) -> ConnectError {
    let (host, port) = (options.get_host().to_owned(), options.get_port());
    let code = error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
    match (&*code, error) {
        (_, sqlx::Error::Io(source)) => {
            ConnectError::Unreachable { host, port, source: Box::new(source) }
        }
        ("28P01" | "28000", _) => {
            ConnectError::Authentication { user: options.get_username().to_owned() }
        }
        ("3D000", _) => {
            let database = options.get_database().unwrap_or(options.get_username()).to_owned();
            ConnectError::NoSuchDatabase { database }
        }
        (_, error) => ConnectError::database(&error),
    }
}

pub(crate) async fn migrate(builder: &PostgresStoreBuilder) -> Result<(), MigrateError> {
    let settings = &builder.settings;
    let schema = settings.schema.clone().map_err(ConnectError::from)?;
    let options = builder.source.options()?;
    let mut connection = open(&options, settings).await?;
    migrate::migrate(&mut connection, &schema, settings.partitions).await?;
    // It has been committed: a connection that cannot say good-bye harms nothing.
    drop(connection.close().await);
    Ok(())
}

pub(crate) async fn connect(builder: PostgresStoreBuilder) -> Result<PostgresStore, ConnectError> {
    let PostgresStoreBuilder { source, settings } = builder;
    let schema = settings.schema.clone()?;
    let sql = Sql::new(&schema);
    let options = source.options()?;
    let mut connection = open(&options, &settings).await?;
    let info = examine(&mut connection, &options, &schema, &sql, &settings).await?;
    let pool = match source {
        Source::Url(_) => pool(&options, &settings),
        Source::Pool(pool) => pool,
    };
    let followed = match &settings.read_url {
        Some(url) => self::pool(&self::options(&url.0)?, &settings),
        None => pool.clone(),
    };
    Ok(PostgresStore::open(info, sql, settings, options, connection, pool, followed))
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
    let explain = |error: sqlx::Error| {
        let code = error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
        match &*code {
            "3F000" | "42P01" | "42883" => ConnectError::NoLog { schema: schema.clone() },
            "42501" => ConnectError::MissingRights {
                user: options.get_username().to_owned(),
                schema: schema.clone(),
            },
            _ => ConnectError::database(&error),
        }
    };
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

/// What the database says of the log and of itself.
struct Described {
    id: LogId,
    partitions: Partitions,
    format: i32,
    server: i32,
    encoding: String,
    synchronous_commit: String,
    standby: bool,
}

impl Described {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let partitions = Partitions::new(row.try_get::<i16, _>("partitions")?.cast_unsigned());
        Ok(Self {
            id: LogId::from_uuid(row.try_get("id")?),
            partitions: partitions.unwrap_or_default(),
            format: row.try_get::<Option<i32>, _>("format")?.unwrap_or(0),
            server: row.try_get::<i32, _>("server")? / 10_000,
            encoding: row.try_get("encoding")?,
            synchronous_commit: row.try_get("synchronous_commit")?,
            standby: row.try_get("standby")?,
        })
    }

    fn check(&self, schema: &Schema, settings: &Settings) -> Result<(), ConnectError> {
        let (schema, found, known) = (schema.clone(), self.format, FORMAT);
        if self.server < OLDEST_SERVER {
            return Err(ConnectError::ServerTooOld { found: self.server, needed: OLDEST_SERVER });
        }
        if found > known {
            return Err(ConnectError::SchemaIsNewer { schema, found, known });
        }
        if found < known {
            return Err(ConnectError::SchemaIsOlder { schema, found, known });
        }
        if self.standby {
            return Err(ConnectError::Standby);
        }
        if self.encoding != "UTF8" {
            return Err(ConnectError::Encoding { found: self.encoding.clone() });
        }
        if settings.durable && self.synchronous_commit == "off" {
            return Err(ConnectError::AsynchronousCommit);
        }
        match settings.partitions {
            Some(wanted) if wanted != self.partitions => Err(ConnectError::PartitionsDiffer {
                found: self.partitions.count(),
                wanted: wanted.count(),
            }),
            _ => Ok(()),
        }
    }
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        ConnectError::Database(Box::new(failure))
    }
}
