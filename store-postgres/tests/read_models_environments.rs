//! The contract holds whatever the server's defaults are, behind a pooler, for a role that
//! may only work; and a reader may only read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/models.rs"]
mod models;
#[path = "environments/pgbouncer.rs"]
mod pgbouncer;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use annals::conformance::{ReadModelFixture, ReadModelSuite};
use annals::read_model::{LetterQuery, Which};
use annals::{ReadModelStore, Token};
use annals_postgres::testing::{Database, Server};
use annals_postgres::{PostgresReadModels, PostgresReadModelsBuilder};
use models::{LONG, Log, balances, heartbeat, leased};
use pgbouncer::Pgbouncer;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Stores in one database, each in a schema of its own, as `change` would have them.
struct Stores<C> {
    url: String,
    made: AtomicU32,
    change: C,
}

impl<C> ReadModelFixture for Stores<C>
where
    C: Fn(PostgresReadModelsBuilder) -> PostgresReadModelsBuilder + Send + Sync + 'static,
{
    type Place = PostgresReadModelsBuilder;
    type Store = PostgresReadModels;

    async fn create(&self) -> PostgresReadModelsBuilder {
        let schema = format!("models_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let store = (self.change)(PostgresReadModels::builder(&self.url).schema(&schema));
        store.migrate().await.expect("the tables are made");
        store
    }

    async fn open(&self, place: PostgresReadModelsBuilder) -> PostgresReadModels {
        place.connect().await.expect("a store")
    }
}

async fn passes(fixture: impl ReadModelFixture) {
    let suite = ReadModelSuite::new(fixture).patience(Duration::from_secs(90));
    let report = suite.run().await;
    assert!(report.cases() > 50 && report.failures().next().is_none(), "{report}");
}

async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_where_the_default_is_serializable_and_steps_are_durable() {
    let database = Database::create().await.unwrap();
    let set = "SET default_transaction_isolation = 'serializable'";
    execute(database.url(), &format!("ALTER DATABASE {} {set}", database.name())).await;
    let url = database.url().to_owned();
    let change = PostgresReadModelsBuilder::durable_commits;
    passes(Stores { url, made: AtomicU32::new(0), change }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_behind_a_pooler_that_takes_connections_away() {
    let server = Server::start().await.unwrap();
    let pooler = Pgbouncer::start(&server).await;
    let change = PostgresReadModelsBuilder::transaction_pooler;
    passes(Stores { url: pooler.url(), made: AtomicU32::new(0), change }).await;
}

#[tokio::test]
async fn workers_may_work_and_readers_may_read() {
    let database = Database::create().await.unwrap();
    let name = database.name();
    let make = format!(
        "CREATE ROLE {name}_owner LOGIN; CREATE ROLE {name}_app LOGIN; \
         CREATE ROLE {name}_reader LOGIN; ALTER DATABASE {name} OWNER TO {name}_owner"
    );
    execute(database.url(), &make).await;
    let url = |role: &str| {
        let (scheme, rest) = database.url().split_once("://").unwrap();
        format!("{scheme}://{name}_{role}@{}", rest.split_once('@').unwrap().1)
    };
    PostgresReadModels::migrate(url("owner")).await.unwrap();
    let denied = PostgresReadModels::connect(url("app")).await.unwrap_err();
    assert!(denied.to_string().contains("grant it the rights"), "{denied}");
    let (app, reader) = (format!("{name}_app"), format!("{name}_reader"));
    let script = PostgresReadModels::roles_sql("read_models", &app, &reader).unwrap();
    execute(&url("owner"), &script).await;
    execute(&url("owner"), &script).await;

    let log = Log::new();
    let worker = PostgresReadModels::connect(url("app")).await.unwrap();
    for version in [1, 2] {
        worker.declare(&balances(&log, version)).await.unwrap();
    }
    worker.switch("balances", 2).await.unwrap();
    worker.discard("balances", 1).await.unwrap();
    let beat = heartbeat(&balances(&log, 2), LONG);
    assert_eq!(worker.share(&beat).await.unwrap().leases.len(), 1);

    let reader = PostgresReadModels::connect(url("reader")).await.unwrap();
    let current = Which::Current("balances".to_owned());
    assert_eq!(reader.count(&current).await.unwrap(), 0);
    let deadline = tokio::time::Instant::now() + LONG;
    reader.reached("balances", &Token::empty(log.id), deadline).await.unwrap();
    assert_eq!(reader.models(None).await.unwrap().len(), 1);
    assert_eq!(reader.letters(&LetterQuery::all()).await.unwrap(), []);
    assert!(reader.declare(&balances(&log, 3)).await.is_err());
    assert!(reader.share(&beat).await.is_err());
    assert!(reader.switch("balances", 2).await.is_err());
    assert!(reader.release("balances", None).await.is_err());
    drop((worker, reader));
    execute(database.url(), "DROP SCHEMA read_models_balances_v2, read_models CASCADE").await;
    let drop = format!(
        "DROP OWNED BY {name}_app, {name}_reader; ALTER DATABASE {name} OWNER TO postgres; \
         DROP OWNED BY {name}_owner; DROP ROLE {name}_owner, {name}_app, {name}_reader"
    );
    execute(database.url(), &drop).await;
}

/// A store opened beside a log reaches the same database in the same way.
#[tokio::test]
async fn a_store_beside_a_log_is_in_the_same_database() {
    let database = Database::create().await.unwrap();
    annals_postgres::PostgresStore::migrate(database.url()).await.unwrap();
    let log = annals_postgres::PostgresStore::connect(database.url()).await.unwrap();
    log.read_models().migrate().await.unwrap();
    let store = log.read_models().connect().await.unwrap();
    leased(&store, &Log::new(), LONG).await;
    let direct = PostgresReadModels::connect(database.url()).await.unwrap();
    assert_eq!(direct.models(None).await.unwrap().len(), 1);
}
