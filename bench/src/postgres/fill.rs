//! Fills the tables of both sides with the same accounts, quickly: by statements of
//! the owner, past the append function.

use annals_postgres::PostgresStore;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::Baseline;
use crate::Failure;

/// The accounts of ten events.
pub(super) const ACCOUNTS: u64 = 100_000;
/// An account of many events, and how many.
pub(super) const LARGE: u64 = 1_000_000_000;
const LARGE_EVENTS: u64 = 10_000;

/// The schema of the log that is compared with the baseline.
pub(super) const SCHEMA: &str = "annals";

const PAYLOAD: &str = r#"{"cents":100,"currency":"EUR","reference":"a transfer of moderate size"}"#;

pub(super) async fn both(url: &str) -> Result<(), Failure> {
    log(url, SCHEMA, ACCOUNTS * 10).await?;
    let mut owner = PgConnection::connect(url).await?;
    run(&mut owner, &annals_rows(SCHEMA, &large(ACCOUNTS * 10 + 1))).await?;
    set_sequence(&mut owner, SCHEMA).await?;
    owner.execute(Baseline::TABLES).await?;
    run(&mut owner, &baseline_rows(&accounts(ACCOUNTS * 10))).await?;
    run(&mut owner, &baseline_rows(&large(1))).await?;
    settle(&mut owner).await
}

/// Makes a log of so many events, in accounts of ten.
pub(super) async fn log(url: &str, schema: &str, events: u64) -> Result<(), Failure> {
    PostgresStore::builder(url).schema(schema).migrate().await?;
    let mut owner = PgConnection::connect(url).await?;
    run(&mut owner, &annals_rows(schema, &accounts(events))).await?;
    set_sequence(&mut owner, schema).await?;
    settle(&mut owner).await
}

/// The events of accounts: each gets its first, then each its second, and so on, as
/// it is where many are in use at once.
fn accounts(events: u64) -> String {
    let accounts = events / 10;
    format!(
        "SELECT p AS position, (p - 1) / {accounts} + 1 AS version,
                'account-' || (p - 1) % {accounts} AS stream
         FROM generate_series(1, {events}::bigint) AS p"
    )
}

fn large(first: u64) -> String {
    format!(
        "SELECT {first} + v - 1 AS position, v AS version, 'account-{LARGE}' AS stream
         FROM generate_series(1, {LARGE_EVENTS}::bigint) AS v"
    )
}

fn annals_rows(schema: &str, rows: &str) -> String {
    format!(
        r#"INSERT INTO "{schema}".events (position, version, recorded_at, id, schema_version,
                partition, imported, stream, name, json)
            SELECT position, version, now(), gen_random_uuid(), 1,
                0, false, stream, 'account.deposited', '{PAYLOAD}'
            FROM ({rows}) AS r ORDER BY position"#
    )
}

fn baseline_rows(rows: &str) -> String {
    format!(
        "INSERT INTO baseline.events (stream, version, id, name, payload, recorded_at)
         SELECT stream, version, gen_random_uuid(), 'account.deposited', '{PAYLOAD}', now()
         FROM ({rows}) AS r ORDER BY position"
    )
}

async fn set_sequence(owner: &mut PgConnection, schema: &str) -> Result<(), Failure> {
    let end = format!(
        r#"SELECT setval('"{schema}".positions_0', (SELECT max(position) FROM "{schema}".events))"#
    );
    run(owner, &end).await
}

/// Does at once what the server would do in the middle of a measurement.
async fn settle(owner: &mut PgConnection) -> Result<(), Failure> {
    run(owner, "VACUUM ANALYZE").await
}

async fn run(owner: &mut PgConnection, statement: &str) -> Result<(), Failure> {
    owner.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
