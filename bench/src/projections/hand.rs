//! The loop that is usually written by hand: pages of a thousand events, one UPSERT for
//! each, one transaction a page, which also moves the checkpoint.

use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::fill::Log;
use super::models::cents;
use crate::Failure;
use crate::account::{AccountEvent, Transfer};

pub(super) async fn run(log: &Log, time: Duration) -> Result<u64, Failure> {
    let pool = PgPoolOptions::new().max_connections(4).connect(&log.url).await?;
    pool.execute(
        "CREATE SCHEMA IF NOT EXISTS hand;
         CREATE TABLE IF NOT EXISTS hand.balances (account text PRIMARY KEY, cents bigint NOT NULL);
         CREATE TABLE IF NOT EXISTS hand.checkpoint (position bigint NOT NULL);
         INSERT INTO hand.checkpoint SELECT 0 WHERE NOT EXISTS (SELECT FROM hand.checkpoint)",
    )
    .await?;
    let page = format!(
        r#"SELECT position, stream, json::text FROM "{}".events
           WHERE partition = 0 AND position > $1 ORDER BY position LIMIT 1000"#,
        log.schema
    );
    let until = Instant::now() + time;
    let (mut after, mut count) = (0_i64, 0);
    while Instant::now() < until {
        let rows = sqlx::query(AssertSqlSafe(&*page)).bind(after).fetch_all(&pool).await?;
        let mut tx = pool.begin().await?;
        for row in &rows {
            let transfer: Transfer = serde_json::from_str(row.try_get(2)?)?;
            let event = AccountEvent::Deposited(transfer);
            let account = row.try_get::<&str, _>(1)?.trim_start_matches("account-");
            sqlx::query(
                "INSERT INTO hand.balances VALUES ($1, $2) ON CONFLICT (account) DO UPDATE
                 SET cents = balances.cents + excluded.cents",
            )
            .bind(account)
            .bind(cents(&event).cast_signed())
            .execute(&mut *tx)
            .await?;
            after = row.try_get(0)?;
            count += 1;
        }
        sqlx::query("UPDATE hand.checkpoint SET position = $1")
            .bind(after)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if rows.len() < 1_000 {
            break;
        }
    }
    Ok(count)
}
