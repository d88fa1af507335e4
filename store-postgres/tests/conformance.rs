//! The PostgreSQL store passes the suite of every store.
#![allow(clippy::expect_used, reason = "a fixture that fails is a test that fails")]

use annals::Codec;
use annals::conformance::{Erased, Fixture, Setup, fixture};
use annals_postgres::testing::Server;
use annals_postgres::{PostgresStore, PostgresStoreBuilder};

fn postgres() -> impl Fixture {
    fixture(
        |setup: Setup| async move {
            // Every log in a schema of its own, all in one database.
            let url = Server::shared_url().await.expect("a server");
            let schema = format!("log_{}", annals::EventId::new().as_uuid().simple());
            let log = PostgresStore::builder(url).schema(&schema).codec(setup.codec);
            let log = log.partitions(setup.partitions.count());
            log.migrate().await.expect("the tables are made");
            log
        },
        |log: PostgresStoreBuilder| async move { log.connect().await.expect("a store") },
    )
}

annals::event_store_conformance!(plain, postgres());
annals::event_store_conformance!(eight_partitions, postgres(), Setup::new().with_partitions(8));
annals::event_store_conformance!(erased, Erased(postgres()));
annals::event_store_conformance!(
    message_pack,
    postgres(),
    Setup::new().with_codec(Codec::MessagePack)
);
