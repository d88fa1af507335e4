//! The contract holds whatever the server's defaults are, behind a pooler, with the
//! fewest connections, and on a pool of the user's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "environments/fewest.rs"]
mod fewest;
#[path = "helpers/log.rs"]
mod log;
#[path = "environments/pgbouncer.rs"]
mod pgbouncer;

use std::time::Duration;

use annals::Codec;
use annals::conformance::{Erased, Fixture, Setup, Suite, fixture};
use annals_postgres::testing::{Database, Server};
use annals_postgres::{PostgresStore, PostgresStoreBuilder};
use log::{execute, number};
use pgbouncer::Pgbouncer;

/// Logs in one database, each in a schema of its own, as `change` would have them.
fn logs(
    url: &str,
    change: impl Fn(PostgresStoreBuilder) -> PostgresStoreBuilder + Clone + Send + Sync + 'static,
) -> impl Fixture {
    let url = url.to_owned();
    fixture(
        move |setup: Setup| {
            let schema = format!("log_{}", annals::EventId::new().as_uuid().simple());
            let log = PostgresStore::builder(&url).schema(&schema).codec(setup.codec);
            let log = change(log.partitions(setup.partitions.count()));
            async move {
                log.migrate().await.expect("the tables are made");
                log
            }
        },
        |log: PostgresStoreBuilder| async move { log.connect().await.expect("a store") },
    )
}

async fn passes(suite: Suite<impl Fixture>) {
    // Several suites may run beside each other on few cores.
    let report = suite.patience(Duration::from_secs(90)).run().await;
    assert!(report.cases() > 90 && report.failures().next().is_none(), "{report}");
}

/// The suite on a database in which transactions begin with another isolation.
async fn under(isolation: &str) {
    let database = Database::create().await.unwrap();
    let name = database.name();
    let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'");
    execute(database.url(), &set).await;
    let check = "SELECT 1::int8 WHERE current_setting('transaction_isolation') <> 'read committed'";
    assert_eq!(number(database.url(), check).await, 1);
    passes(Suite::new(logs(database.url(), |log| log))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_where_the_default_is_repeatable_read() {
    under("repeatable read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_where_the_default_is_serializable() {
    under("serializable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_erased_in_eight_partitions_with_two_writers_and_a_binary_codec() {
    let database = Database::create().await.unwrap();
    let setup = Setup::new().with_partitions(8).with_codec(Codec::MessagePack);
    let fixture = Erased(logs(database.url(), |log| log.writers(2)));
    passes(Suite::new(fixture).setup(setup)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_behind_a_pooler_that_takes_connections_away() {
    let server = Server::start().await.unwrap();
    let pooler = Pgbouncer::start(&server).await;
    // The default of the server must not matter here either.
    let set = "ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'";
    execute(&server.url(), set).await;
    let fixture = logs(&pooler.url(), PostgresStoreBuilder::transaction_pooler);
    passes(Suite::new(fixture).setup(Setup::new().with_partitions(2))).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres'";
    let sessions = number(&server.url(), sessions).await;
    assert!(sessions <= 6, "{sessions} sessions: the pooler was not in the way");
    // What one client leaves in a session, another finds.
    for _ in 0..10 {
        execute(&pooler.url(), LEFT).await;
    }
}

/// Fails where a client has left something in the session.
const LEFT: &str = "DO $$ BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements), 'prepared statements are left';
    ASSERT current_setting('statement_timeout') = '0', 'a limit is left';
    ASSERT current_setting('transaction_isolation') = 'repeatable read', 'an isolation is left';
END $$";

#[tokio::test(flavor = "multi_thread")]
async fn the_fewest_connections_serve_everything_at_once() {
    fewest::one_that_writes_and_one_that_reads(|url| {
        PostgresStore::builder(url).pool_size(1).writers(1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_the_user_with_one_connection_serves_everything_at_once() {
    fewest::one_that_writes_and_one_that_reads(|url| {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        PostgresStore::builder_from_pool(pool.connect_lazy(url).unwrap())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_on_a_pool_of_the_user_with_settings_of_his_own() {
    let database = Database::create().await.unwrap();
    let name = database.name();
    let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    execute(database.url(), &set).await;
    let url = database.url().to_owned();
    let fixture = fixture(
        move |setup: Setup| {
            let schema = format!("log_{}", annals::EventId::new().as_uuid().simple());
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(3);
            let pool = pool.connect_lazy(&url).unwrap();
            let log = PostgresStore::builder_from_pool(pool).schema(&schema).codec(setup.codec);
            let log = log.partitions(setup.partitions.count());
            async move {
                log.migrate().await.expect("the tables are made");
                log
            }
        },
        |log: PostgresStoreBuilder| async move { log.connect().await.expect("a store") },
    );
    passes(Suite::new(fixture)).await;
}
