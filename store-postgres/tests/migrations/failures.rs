//! What goes wrong leaves what was there.

use annals_postgres::testing::{Database, Server};
use annals_postgres::{MigrateError, PostgresStore};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{append, migrate_to, run, text};

const VERSION: &str = "SELECT max(version)::text FROM annals.migrations";
const TABLES: &str =
    "SELECT count(*)::text FROM pg_class WHERE relnamespace = to_regnamespace('annals')";

#[tokio::test]
async fn a_table_in_the_way_leaves_the_version_that_was_there() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    migrate_to(url, 1).await;
    run(url, "CREATE FUNCTION annals.before_commit() RETURNS void LANGUAGE sql AS ''").await;
    let before = text(url, TABLES).await;
    let failed = PostgresStore::migrate(url).await.unwrap_err();
    assert!(matches!(failed, MigrateError::Database(_)), "{failed:?}");
    assert_eq!((text(url, TABLES).await, text(url, VERSION).await), (before, "1".to_owned()));

    run(url, "DROP FUNCTION annals.before_commit()").await;
    PostgresStore::migrate(url).await.unwrap();
    append(&PostgresStore::connect(url).await.unwrap(), "order-1", 0).await;
}

#[tokio::test]
async fn a_first_migration_that_fails_leaves_an_empty_database() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    // The last table that the log needs is in the way: all before it is made in vain.
    run(url, "CREATE SCHEMA annals; CREATE TABLE annals.staged ()").await;
    let failed = PostgresStore::migrate(url).await.unwrap_err();
    assert!(matches!(failed, MigrateError::Database(_)), "{failed:?}");
    assert_eq!(text(url, TABLES).await, "1");
}

/// A role of its own, and a builder that connects as it.
async fn role(server: &Server, rights: &str) -> annals_postgres::PostgresStoreBuilder {
    run(&server.url(), &format!("CREATE ROLE clerk LOGIN; {rights}")).await;
    let options = server.url().parse::<PgConnectOptions>().unwrap().username("clerk");
    PostgresStore::builder_from_pool(PgPoolOptions::new().connect_lazy_with(options))
}

#[tokio::test]
async fn a_role_that_may_not_create_changes_nothing() {
    let server = Server::start().await.unwrap();
    let clerk = role(&server, "").await;
    let failed = clerk.migrate().await.unwrap_err();
    assert!(matches!(failed, MigrateError::MissingRights { .. }), "{failed:?}");
    let schema = "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'annals'";
    assert_eq!(text(&server.url(), schema).await, "0");

    // One that may only read finds nothing to do where everything was done.
    PostgresStore::migrate(server.url()).await.unwrap();
    run(
        &server.url(),
        "GRANT USAGE ON SCHEMA annals TO clerk; GRANT SELECT ON annals.migrations, annals.log TO clerk",
    )
    .await;
    clerk.migrate().await.unwrap();

    // One that owns a schema needs no more.
    run(&server.url(), "CREATE SCHEMA own AUTHORIZATION clerk").await;
    clerk.schema("own").migrate().await.unwrap();
}
