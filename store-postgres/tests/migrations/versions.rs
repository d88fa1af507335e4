//! Tables of other versions.

use annals::store::StreamQuery;
use annals::{EventStore, Version};
use annals_postgres::testing::Database;
use annals_postgres::{ConnectError, MigrateError, PostgresStore};
use futures::TryStreamExt;

use crate::support::{append, files, migrate_to, run, text};

/// An event as a program of each version has appended it. What it calls has been the
/// same since the first one.
const APPEND: &str = r#"SELECT annals.append(
    '5s', true, false, '{1}', '{order-1}', '{0}', '{1}', '{0}', '{NULL}', '{2}',
    '{00000000-0000-7000-8000-000000000002}', '{0}', '{NULL}', '{2}',
    '{1}', '{order-1}', '{key}', '{NULL}',
    '{1,1}', '{1,0}',
    '{00000000-0000-7000-8000-000000000001,00000000-0000-7000-8000-000000000002}',
    '{order.placed,order.paid}', '{1,1}', '{"{}","{}"}', NULL, NULL, NULL, NULL, NULL);
    INSERT INTO annals.snapshots (version, fingerprint, revision, event, stream, codec, state)
    VALUES (2, 1, 1, '00000000-0000-7000-8000-000000000002', 'order-1', 'json', '{}')"#;

#[tokio::test]
async fn every_earlier_version_is_upgraded_with_all_that_is_in_it() {
    let newest = files("annals", 1).last().unwrap().version;
    for version in 1..newest {
        let database = Database::create().await.unwrap();
        let url = database.url();
        migrate_to(url, version).await;
        run(url, APPEND).await;
        let everything = "SELECT json_build_object(
            'log', (SELECT json_agg(l) FROM annals.log AS l),
            'events', (SELECT json_agg(e ORDER BY e.position) FROM annals.events AS e),
            'keys', (SELECT json_agg(k) FROM annals.keys AS k),
            'snapshots', (SELECT json_agg(s) FROM annals.snapshots AS s))::text";
        let before = text(url, everything).await;

        let refused = PostgresStore::connect(url).await.unwrap_err();
        let older = matches!(refused, ConnectError::SchemaIsOlder { found, known, .. }
            if found == version && known == newest);
        assert!(older, "{refused:?}");
        PostgresStore::migrate(url).await.unwrap();
        assert_eq!(text(url, everything).await, before);

        let store = PostgresStore::connect(url).await.unwrap();
        let appended = append(&store, "order-1", 2).await;
        assert_eq!(appended.writes[0].position.get(), 3);
        let stream = StreamQuery::forwards("order-1".parse().unwrap());
        let found: Vec<_> = store.read(stream).try_collect().await.unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!((&*found[1].name, found[1].version), ("order.paid", Version::new(2)));
    }
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let database = Database::create().await.unwrap();
    let url = database.url();
    PostgresStore::migrate(url).await.unwrap();
    run(url, "INSERT INTO annals.migrations (version, name) VALUES (99, 'future')").await;
    let refused = PostgresStore::migrate(url).await.unwrap_err();
    assert!(matches!(refused, MigrateError::SchemaIsNewer { found: 99, .. }), "{refused:?}");
    let refused = PostgresStore::connect(url).await.unwrap_err();
    assert!(matches!(refused, ConnectError::SchemaIsNewer { found: 99, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_log_keeps_its_number_of_partitions() {
    let database = Database::create().await.unwrap();
    let log = PostgresStore::builder(database.url());
    log.clone().partitions(3).migrate().await.unwrap();
    log.migrate().await.unwrap();
    let refused = log.clone().partitions(4).migrate().await.unwrap_err();
    assert!(matches!(refused, MigrateError::PartitionsDiffer { found: 3, wanted: 4 }));
    assert_eq!(log.connect().await.unwrap().log().partitions.count(), 3);
}
