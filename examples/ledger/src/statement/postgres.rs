//! Statement lines in PostgreSQL.

use annals::Recorded;
use annals_postgres::sqlx::{self, PgConnection, PgPool, Row};
use annals_projections::Projection;

use super::{Booking, Line, LineKey, NAME, StatementLines};
use crate::account::{AccountEvent, AccountId};

// No schema is named: the table is that of the version which is fed.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS statement_lines (
        account bigint,
        version bigint,
        text text NOT NULL,
        cents bigint NOT NULL,
        balance bigint NOT NULL,
        PRIMARY KEY (account, version)
    )";

// $1 account, $2 version, $3 the version before, $4 text, $5 cents
const LINE: &str = "
    INSERT INTO statement_lines (account, version, text, cents, balance)
    SELECT $1, $2, $4, $5, $5 + coalesce(
        (SELECT balance FROM statement_lines WHERE account = $1 AND version = $3), 0)";

// Queries find the table of the current version in the schema of the read models.
const LINES: &str = "
    SELECT account, version, text, cents, balance FROM read_models.statement_lines
    WHERE account = coalesce($1, account)
    ORDER BY account, version";

impl Projection<PgConnection> for StatementLines {
    const NAME: &'static str = NAME;
    type Event = AccountEvent;
    type Error = sqlx::Error;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(TABLE).execute(db).await?;
        Ok(())
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), sqlx::Error> {
        let Some(booking) = Booking::of(event) else { return Ok(()) };
        let ((account, version), (_, before)) = (booking.key, booking.before());
        let line = sqlx::query(LINE).bind(i64::from(account.0));
        // Versions count from 1 and never come near to 2^63.
        let line = line.bind(version.cast_signed()).bind(before.cast_signed());
        line.bind(booking.text).bind(booking.cents).execute(db).await?;
        Ok(())
    }
}

/// The lines of an account, or of all, in the order of accounts and versions.
pub(crate) async fn lines(
    pool: &PgPool,
    account: Option<AccountId>,
) -> Result<Vec<(LineKey, Line)>, sqlx::Error> {
    let query = sqlx::query(LINES).bind(account.map(|account| i64::from(account.0)));
    let rows = query.fetch_all(pool).await?;
    let read = |row: sqlx::postgres::PgRow| {
        let account = u32::try_from(row.try_get::<i64, _>("account")?);
        let account = AccountId(account.map_err(|error| sqlx::Error::Decode(error.into()))?);
        let version = row.try_get::<i64, _>("version")?.cast_unsigned();
        let (text, cents) = (row.try_get("text")?, row.try_get("cents")?);
        Ok(((account, version), Line { text, cents, balance: row.try_get("balance")? }))
    };
    rows.into_iter().map(read).collect()
}
