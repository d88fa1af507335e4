//! Logs of many events, filled quickly: by statements of the owner, past the append
//! function.

use std::sync::atomic::{AtomicU32, Ordering};

use annals_postgres::{PostgresReadModels, PostgresStore};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::Failure;
use crate::postgres::BenchServer;

/// A log, with events of about 270 bytes.
pub(super) struct Log {
    pub(super) url: String,
    pub(super) schema: &'static str,
    pub(super) events: u64,
}

/// So many stores of read models were made.
static STORES: AtomicU32 = AtomicU32::new(0);

impl Log {
    /// `zipf`: 10^4 accounts, of which the k-th has a share of 1/k. `uniform`: 10^6
    /// accounts, or as many as there are events, which take turns. `thousand`: 10^3 that do.
    pub(super) async fn fill(
        server: &BenchServer,
        schema: &'static str,
        events: u64,
    ) -> Result<Self, Failure> {
        let url = server.url().to_owned();
        PostgresStore::builder(&url).schema(schema).migrate().await?;
        let mut owner = PgConnection::connect(&url).await?;
        let account = match schema {
            "thousand" | "thousand_short" => "(p * 7919) % 1000".to_owned(),
            // The inverse of the distribution, for a share of ln(1 + 1/k).
            "zipf" => "floor(power(10001, random()))".to_owned(),
            _ => format!("(p * 7919) % {events}"),
        };
        let statement = format!(
            r#"INSERT INTO "{schema}".events (position, version, recorded_at, id, schema_version,
                   partition, imported, stream, name, json)
               SELECT p, row_number() OVER (PARTITION BY stream ORDER BY p), now(),
                   gen_random_uuid(), 1, 0, false, stream, 'account.deposited',
                   json_build_object('cents', 100, 'currency', 'EUR', 'reference', repeat('x', 220))
               FROM (SELECT p, 'account-' || ({account})::bigint AS stream
                     FROM generate_series(1, {events}::bigint) AS p) AS r
               ORDER BY p"#
        );
        owner.execute(AssertSqlSafe(statement)).await?;
        let end = format!(r#"SELECT setval('"{schema}".positions_0', {events})"#);
        owner.execute(AssertSqlSafe(end)).await?;
        owner.execute("VACUUM ANALYZE").await?;
        Ok(Self { url, schema, events })
    }

    /// The log, and an empty store of read models.
    pub(super) async fn fresh(&self) -> Result<(PostgresStore, PostgresReadModels), Failure> {
        let number = STORES.fetch_add(1, Ordering::Relaxed);
        let schema = format!("models_{number}");
        PostgresReadModels::builder(&self.url).schema(&schema).migrate().await?;
        Ok((self.store().await?, self.models(&schema).await?))
    }

    pub(super) async fn store(&self) -> Result<PostgresStore, Failure> {
        Ok(PostgresStore::builder(&self.url).schema(self.schema).connect().await?)
    }

    pub(super) async fn models(&self, schema: &str) -> Result<PostgresReadModels, Failure> {
        Ok(PostgresReadModels::builder(&self.url).schema(schema).connect().await?)
    }
}
