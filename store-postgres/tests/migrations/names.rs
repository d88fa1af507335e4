//! Several logs in one database.

use annals::EventStore;
use annals_postgres::testing::Database;
use annals_postgres::{MigrateError, PostgresStore};

use crate::support::{append, migrate_to, run, text};

#[tokio::test]
async fn the_migration_of_one_schema_leaves_another_alone() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    migrate_to(url, 1).await;
    let described =
        "SELECT string_agg(c.oid || c.relname || coalesce(c.relacl::text, ''), ' ' ORDER BY c.oid)
        FROM pg_class AS c WHERE c.relnamespace = 'annals'::regnamespace";
    let before = text(url, described).await;
    PostgresStore::builder(url).schema("other").partitions(2).migrate().await.unwrap();
    assert_eq!(text(url, described).await, before);
    assert_eq!(text(url, "SELECT max(version)::text FROM annals.migrations").await, "1");
}

#[tokio::test]
async fn a_name_may_have_capitals_and_dashes() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    // Of one length, and alike for whoever forgets the quotes.
    let names = ["My-App_1", "my-app_1", "MY-APP_1", "select", "_"];
    let mut ids = Vec::new();
    for name in names {
        let log = PostgresStore::builder(url).schema(name).partitions(2);
        log.migrate().await.unwrap();
        log.migrate().await.unwrap();
        let store = log.connect().await.unwrap();
        append(&store, "order-1", 0).await;
        let mut connection = crate::support::connect(url).await;
        let mut tx = sqlx::Connection::begin(&mut connection).await.unwrap();
        let event = annals::store::NewEvent::new("a.b", annals::Payload::json("{}").unwrap());
        let any = annals::ExpectedVersion::Any;
        let append = annals::store::Append::to("order-1".parse().unwrap(), any, vec![event]);
        store.in_transaction(&mut tx).append(append).await.unwrap();
        let appended = store.commit(tx).await.unwrap();
        assert_eq!(appended[0].writes[0].version.get(), 2, "{name}");
        ids.push(store.log().id);
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), names.len());
    let schemas = "SELECT string_agg(nspname, ' ' ORDER BY nspname COLLATE \"C\") FROM pg_namespace
        WHERE nspname !~ '^(pg_|information_schema|public)'";
    assert_eq!(text(url, schemas).await, "MY-APP_1 My-App_1 _ my-app_1 select");
}

#[tokio::test]
async fn a_name_that_is_none_reaches_no_server() {
    let long = "a".repeat(49);
    for name in ["", "1a", "a\"b", "a b", "a;b", "pg_a", "ä", "-a", &*long] {
        let log = PostgresStore::builder("postgres://127.0.0.1:1/none").schema(name);
        let refused = log.migrate().await.unwrap_err();
        let MigrateError::Connect(refused) = refused else { panic!("{refused:?}") };
        assert!(refused.to_string().contains("the name of a schema"), "{name}: {refused}");
    }
    let database = Database::create().await.unwrap();
    run(database.url(), "SELECT 1").await;
    let longest = "a".repeat(48);
    PostgresStore::builder(database.url()).schema(&longest).migrate().await.unwrap();
}
