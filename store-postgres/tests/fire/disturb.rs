//! What goes wrong around the appends.

use std::time::Duration;

use annals_postgres::testing::Database;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::random::Random;
use crate::tools::{execute, number};

/// Commits that pause, and commits that fail when everything was done.
const COMMITS: &str = "
    CREATE SEQUENCE failed_commits;
    CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF random() < 0.3 THEN
            PERFORM nextval('public.failed_commits');
            RAISE EXCEPTION 'this commit fails' USING ERRCODE = '40001';
        END IF;
        PERFORM pg_sleep(random() * 0.003);
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER stumble AFTER INSERT ON annals.events_0
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (random() < CHANCE) EXECUTE FUNCTION stumble();";

pub(crate) async fn commits(url: &str, chance: f64) {
    execute(url, &COMMITS.replace("CHANCE", &chance.to_string())).await;
}

pub(crate) async fn failed_commits(url: &str) -> i64 {
    number(url, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.failed_commits")
        .await
}

/// Takes away what would refuse positions and versions that are there already.
pub(crate) async fn unguarded(url: &str) {
    let indexes = "
        DROP INDEX annals.events_0_by_position; DROP INDEX annals.events_0_by_stream;
        CREATE INDEX events_0_by_position ON annals.events_0 (position);
        CREATE INDEX events_0_by_stream ON annals.events_0 (stream, version)";
    execute(url, indexes).await;
}

/// Replaces a function.
pub(crate) async fn function(url: &str, name: &str, change: impl FnOnce(&str) -> String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let definition = format!("SELECT pg_get_functiondef('annals.{name}'::regproc)");
    let definition = sqlx::query_scalar(AssertSqlSafe(definition));
    let definition: String = definition.fetch_one(&mut connection).await.unwrap();
    connection.execute(AssertSqlSafe(change(&definition))).await.unwrap();
    connection.close().await.unwrap();
}

/// Ends connections of stores, one at a time, until it is dropped.
pub(crate) async fn end_connections(url: String, pause: Duration) {
    let mut random = Random::new(3);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'annals'
        ORDER BY random() LIMIT 1";
    let mut connection = PgConnection::connect(&url).await.unwrap();
    loop {
        tokio::time::sleep(pause + random.millis(100)).await;
        connection.execute(end).await.unwrap();
    }
}

/// A transaction in another database that has an id, and does nothing.
pub(crate) struct Idle {
    _database: Database,
    connection: PgConnection,
}

impl Idle {
    pub(crate) async fn begin() -> Self {
        let database = Database::create().await.unwrap();
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        connection.execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
        Self { _database: database, connection }
    }

    /// Ends it; it must have been open until now.
    pub(crate) async fn end(mut self) {
        let open = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";
        let open: bool = sqlx::query_scalar(open).fetch_one(&mut self.connection).await.unwrap();
        assert!(open, "the transaction was open all the while");
        self.connection.execute("ROLLBACK").await.unwrap();
    }
}
