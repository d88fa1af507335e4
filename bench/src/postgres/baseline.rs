//! What a careful team writes by hand: one statement to load, one to append, through
//! a pool of sqlx; payloads are decoded straight from their text.

use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::types::Json;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use annals::{Aggregate, Decide};

use crate::Failure;
use crate::account::{Account, AccountEvent, Transfer, Withdraw};

#[derive(Debug, Clone)]
pub(super) struct Baseline {
    pool: PgPool,
}

/// An event on its way through a replay.
pub(super) struct Replayed {
    pub(super) position: i64,
    pub(super) stream: String,
    pub(super) version: i64,
    pub(super) event: AccountEvent,
}

impl Baseline {
    /// The same columns and the same indexes as those of annals.
    pub(super) const TABLES: &str = r#"
        CREATE SCHEMA baseline;
        CREATE TABLE baseline.events (
            position    bigserial   PRIMARY KEY,
            version     bigint      NOT NULL,
            recorded_at timestamptz NOT NULL,
            id          uuid        NOT NULL,
            stream      text        COLLATE "C" NOT NULL,
            name        text        COLLATE "C" NOT NULL,
            metadata    json,
            payload     json        NOT NULL,
            UNIQUE (stream, version)
        )"#;

    const LOAD: &str =
        "SELECT version, name, payload FROM baseline.events WHERE stream = $1 ORDER BY version";

    const APPEND: &str = "
        INSERT INTO baseline.events (stream, version, id, name, payload, metadata, recorded_at)
        SELECT $1, $2 + 1, $3, $4, $5, NULL, clock_timestamp()
        WHERE coalesce((SELECT max(version) FROM baseline.events WHERE stream = $1), 0) = $2
        ON CONFLICT DO NOTHING";

    const PAGE: &str = "
        SELECT position, stream, version, name, payload FROM baseline.events
        WHERE position > $1 ORDER BY position LIMIT 1000";

    /// A pool of 16 connections with the defaults of sqlx, which asks a connection
    /// whether it still works each time that it is used; or without this ping.
    pub(super) async fn connect(url: &str, ping: bool) -> Result<Self, Failure> {
        let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(ping);
        Ok(Self { pool: pool.connect(url).await? })
    }

    /// Loads an account, decides, and appends; again, at once, if another was faster.
    pub(super) async fn command(&self, account: u64, command: Withdraw) -> Result<(), Failure> {
        let stream = format!("{}-{account}", Account::CATEGORY);
        loop {
            let (version, state) = self.load(&stream).await?;
            let mut appended = true;
            for (version, event) in (version..).zip(state.decide(&command)?) {
                appended = self.append(&stream, version, &event).await?;
            }
            if appended {
                return Ok(());
            }
        }
    }

    /// The last version of a stream, and the state.
    pub(super) async fn load(&self, stream: &str) -> Result<(i64, Account), Failure> {
        let rows = sqlx::query(Self::LOAD).bind(stream).fetch_all(&self.pool).await?;
        let (mut version, mut account) = (0, Account::default());
        for row in &rows {
            version = row.try_get(0)?;
            account.evolve(&event(row, 1)?);
        }
        Ok((version, account))
    }

    /// Whether it was appended; not so if the stream has another version.
    async fn append(
        &self,
        stream: &str,
        version: i64,
        event: &AccountEvent,
    ) -> Result<bool, Failure> {
        let (name, transfer) = match event {
            AccountEvent::Deposited(transfer) => ("account.deposited", transfer),
            AccountEvent::Withdrawn(transfer) => ("account.withdrawn", transfer),
        };
        let append = sqlx::query(Self::APPEND).bind(stream).bind(version).bind(Uuid::now_v7());
        let append = append.bind(name).bind(Json(transfer));
        Ok(append.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// A thousand events behind a position.
    pub(super) async fn page(&self, after: i64) -> Result<Vec<Replayed>, Failure> {
        let rows = sqlx::query(Self::PAGE).bind(after).fetch_all(&self.pool).await?;
        let replayed = |row: &PgRow| {
            Ok(Replayed {
                position: row.try_get(0)?,
                stream: row.try_get(1)?,
                version: row.try_get(2)?,
                event: event(row, 3)?,
            })
        };
        rows.iter().map(replayed).collect()
    }
}

/// The event of a row that has its name here, and the payload behind it.
fn event(row: &PgRow, name: usize) -> Result<AccountEvent, Failure> {
    let Json(transfer): Json<Transfer> = row.try_get(name + 1)?;
    match row.try_get(name)? {
        "account.deposited" => Ok(AccountEvent::Deposited(transfer)),
        "account.withdrawn" => Ok(AccountEvent::Withdrawn(transfer)),
        unknown => Err(format!("an event named {unknown}").into()),
    }
}
