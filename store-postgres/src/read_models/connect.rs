//! From a URL or a pool to a store of read models that is known to work.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Row};

use crate::connect::{RESTED, Usable, denied, open, options, unreadable};
use crate::error::{ConnectError, MigrateError};
use crate::migrate::{self, READ_MODELS_FORMAT};
use crate::options::{Settings, Source};
use crate::read_models::{PostgresReadModels, PostgresReadModelsBuilder};
use crate::session::Session;
use crate::sql::{ReadModelSql, Schema};

pub(super) async fn migrate(builder: &PostgresReadModelsBuilder) -> Result<(), MigrateError> {
    let settings = &builder.settings;
    let schema = settings.schema.clone().map_err(ConnectError::from)?;
    let options = builder.source.options()?;
    let mut connection = open(&options, settings).await?;
    let made = migrate::migrate_read_models(&mut connection, &schema).await;
    made.map_err(|error| denied(&options, &schema, error))?;
    // It has been committed: a connection that cannot say good-bye harms nothing.
    drop(connection.close().await);
    Ok(())
}

pub(super) async fn connect(
    builder: PostgresReadModelsBuilder,
) -> Result<PostgresReadModels, ConnectError> {
    let PostgresReadModelsBuilder { source, settings } = builder;
    let schema = settings.schema.clone()?;
    let sql = ReadModelSql::new(&schema, settings.pooler);
    let options = source.options()?;
    let mut connection = open(&options, &settings).await?;
    examine(&mut connection, &options, &schema, &sql, settings.pooler).await?;
    drop(connection.close().await);
    let listen = match &settings.listen_url {
        Some(url) => Some(self::options(&url.0)?),
        // A pooler takes away what is to be heard.
        None => (!settings.pooler).then(|| options.clone()),
    };
    let pool = match source {
        Source::Pool(pool) => pool,
        _ => pool(options, &settings),
    };
    Ok(PostgresReadModels::open(schema, sql, settings, pool, listen))
}

/// Unlike that of a log, these connections are left as the server sets them: statements of
/// projections and of a user's queries run on them.
fn pool(options: PgConnectOptions, settings: &Settings) -> PgPool {
    let options = if settings.pooler {
        // Also what a projection prepares would be missing on the next connection.
        options.statement_cache_capacity(0)
    } else {
        options
    };
    PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.statement_timeout)
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
        .connect_lazy_with(options)
}

async fn examine(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    schema: &Schema,
    sql: &ReadModelSql,
    pooler: bool,
) -> Result<(), ConnectError> {
    let mut session = Session::new(connection, pooler);
    let row = session.fetch_optional(sql.describe.query()).await;
    let row = row.map_err(|error| match unreadable(options, schema, &error) {
        ConnectError::NoLog { schema } => ConnectError::NoReadModels { schema },
        error => error,
    })?;
    let failed = |error| ConnectError::database(&error);
    let row = row.ok_or(sqlx::Error::RowNotFound).map_err(failed)?;
    let found: Option<i32> = row.try_get("format").map_err(failed)?;
    let (schema, found, known) = (schema.clone(), found.unwrap_or(0), READ_MODELS_FORMAT);
    if found > known {
        return Err(ConnectError::SchemaIsNewer { schema, found, known });
    }
    if found < known {
        return Err(ConnectError::SchemaIsOlder { schema, found, known });
    }
    Usable::of(&row).map_err(failed)?.check()
}
