//! Making and upgrading the tables of a log.
//!
//! The migrator of sqlx is not used, because it takes a lock of the session, which is
//! lost behind a transaction pooler. Here everything is one transaction.

use sqlx::{Connection, Executor, PgConnection, Row};
use uuid::Uuid;

use annals::Partitions;

use crate::error::MigrateError;
use crate::sql::Schema;

/// A step from one form of the tables to the next.
struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

/// Never change one that was released: add another.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "log", sql: include_str!("../migrations/0001_log.sql") },
    Migration { version: 2, name: "staged", sql: include_str!("../migrations/0002_staged.sql") },
];

/// The form of the tables which this version of the crate reads and writes.
pub(crate) const FORMAT: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// The same for read models.
const READ_MODELS: &[Migration] = &[Migration {
    version: 1,
    name: "read_models",
    sql: include_str!("../migrations/read_models/0001_read_models.sql"),
}];

pub(crate) const READ_MODELS_FORMAT: i32 = READ_MODELS[READ_MODELS.len() - 1].version;

/// Steps, and how their table is made to be called in the statements below.
type Steps = (&'static [Migration], fn(&str) -> String);

const OF_LOG: Steps = (MIGRATIONS, str::to_owned);
/// The name of a read model begins with a letter, and that of a table of its store not.
const OF_READ_MODELS: Steps = (READ_MODELS, |sql| sql.replace(".migrations", "._migrations"));

/// Names the steps that were applied. It lives in the schema of the log.
///
/// It is looked for first, because even `IF NOT EXISTS` takes the right to create: so a
/// role may own its schema alone, and one that may only read finds all of it done.
const TABLE: &str = r#"DO $body$
BEGIN
    IF to_regnamespace('"annals"') IS NULL THEN
        CREATE SCHEMA "annals";
    END IF;
    IF to_regclass('"annals".migrations') IS NULL THEN
        CREATE TABLE "annals".migrations (
            version    integer     PRIMARY KEY,
            name       text        NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
    END IF;
END
$body$;
"#;

/// How long those who start at the same time wait for the one who makes the tables.
const PATIENCE: &str = "SET LOCAL lock_timeout = '60s'";

/// A step of the tables as a file of SQL, for a migration tool of one's own; see
/// [`PostgresStore::migrations`](crate::PostgresStore::migrations).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationFile {
    /// The form of the tables behind this step: 1, 2 and so on.
    pub version: i32,
    /// A name for the file, such as `0001_log.sql`; by it they are in order.
    pub name: String,
    /// The statements, to be run in one transaction. They name their schema in every
    /// place, so the `search_path` does not matter.
    pub sql: String,
}

/// Every step as SQL. The first one also makes the log.
pub(crate) fn files(schema: &Schema, partitions: Partitions) -> Vec<MigrationFile> {
    let make = format!(
        "SELECT \"annals\".create_log(gen_random_uuid(), {}::smallint);\n",
        partitions.count()
    );
    let file = |step: &Migration| {
        let (before, behind) = if step.version == 1 { (TABLE, &*make) } else { ("", "") };
        let record = RECORD.replace("$1", &step.version.to_string());
        let record = record.replace("$2", &format!("'{}'", step.name));
        let sql = format!("{before}{}\n{record};\n{behind}", step.sql);
        MigrationFile {
            version: step.version,
            name: format!("{:04}_{}.sql", step.version, step.name),
            sql: schema.render(&sql).as_str().to_owned(),
        }
    };
    MIGRATIONS.iter().map(file).collect()
}

const RECORD: &str = r#"INSERT INTO "annals".migrations (version, name) VALUES ($1, $2)"#;
const APPLIED: &str = r#"SELECT max(version) AS version FROM "annals".migrations"#;
const FOUND: &str = r#"SELECT partitions FROM "annals".log"#;
const CREATE: &str = r#"SELECT "annals".create_log($1, $2)"#;

/// Brings the tables to the present form, and makes the log if there is none.
///
/// Everything happens in one transaction under one lock, so that of ten processes
/// that start at once one does it and nine find it done, and a failure leaves what
/// was there before.
pub(crate) async fn migrate(
    connection: &mut PgConnection,
    schema: &Schema,
    partitions: Option<Partitions>,
) -> Result<(), MigrateError> {
    // Under READ COMMITTED each statement behind the lock sees what the one who held
    // it before has committed, whatever the default of the server is.
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    step_by_step(&mut tx, schema, OF_LOG).await?;
    make_log(&mut tx, schema, partitions).await?;
    Ok(tx.commit().await?)
}

/// The same for the tables of read models.
pub(crate) async fn migrate_read_models(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<(), MigrateError> {
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    step_by_step(&mut tx, schema, OF_READ_MODELS).await?;
    Ok(tx.commit().await?)
}

async fn step_by_step(
    tx: &mut PgConnection,
    schema: &Schema,
    (steps, named): Steps,
) -> Result<(), MigrateError> {
    let format = steps.last().map_or(0, |step| step.version);
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('annals.migrate', 0))");
    tx.execute(PATIENCE).await?;
    lock.persistent(false).execute(&mut *tx).await?;
    let render = |sql: &str| schema.render(&named(sql));
    sqlx::raw_sql(render(TABLE).safe()).execute(&mut *tx).await?;

    let applied = render(APPLIED).query().persistent(false).fetch_one(&mut *tx).await?;
    let applied: i32 = applied.try_get::<Option<i32>, _>(0)?.unwrap_or(0);
    if applied > format {
        return Err(MigrateError::SchemaIsNewer { found: applied, known: format });
    }
    for step in steps.iter().filter(|step| step.version > applied) {
        sqlx::raw_sql(schema.render(step.sql).safe()).execute(&mut *tx).await?;
        let record = render(RECORD).query().bind(step.version).bind(step.name);
        record.persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn make_log(
    tx: &mut PgConnection,
    schema: &Schema,
    partitions: Option<Partitions>,
) -> Result<(), MigrateError> {
    let found = schema.render(FOUND).query().persistent(false).fetch_optional(&mut *tx).await?;
    let Some(found) = found else {
        let wanted = partitions.unwrap_or_default().count().cast_signed();
        let create = schema.render(CREATE).query().bind(Uuid::now_v7()).bind(wanted);
        create.persistent(false).execute(tx).await?;
        return Ok(());
    };
    let found: i16 = found.try_get(0)?;
    match partitions.map(Partitions::count) {
        Some(wanted) if wanted != found.cast_unsigned() => {
            Err(MigrateError::PartitionsDiffer { found: found.cast_unsigned(), wanted })
        }
        _ => Ok(()),
    }
}
