//! The PostgreSQL store of read models passes the suite of every one.
#![allow(clippy::expect_used, reason = "a fixture that fails is a test that fails")]

use annals::conformance::{Erased, ReadModelFixture};
use annals_postgres::PostgresReadModels;
use annals_postgres::testing::Database;
use std::sync::Arc;

struct Postgres;

impl ReadModelFixture for Postgres {
    type Place = Arc<Database>;
    type Store = PostgresReadModels;

    async fn create(&self) -> Arc<Database> {
        let database = Database::create().await.expect("a database");
        PostgresReadModels::migrate(database.url()).await.expect("the tables are made");
        Arc::new(database)
    }

    async fn open(&self, place: Arc<Database>) -> PostgresReadModels {
        PostgresReadModels::connect(place.url()).await.expect("a store")
    }
}

annals::read_model_conformance!(plain, Postgres);
annals::read_model_conformance!(erased, Erased(Postgres));
