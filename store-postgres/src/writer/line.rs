//! The writer's own connection: opened when it is needed, given up when it hangs.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, timeout};

use crate::connect::{self, RESTED};
use crate::error::ConnectError;
use crate::session::BEGIN;
use crate::writer::Shared;
use crate::writer::columns::Columns;

/// How much longer than the server's own limit the answer is waited for. The server's
/// does not end the wait for a commit to be replicated.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct Line {
    shared: Arc<Shared>,
    connection: Option<PgConnection>,
    /// Whether the server knows how long a statement may take.
    limited: bool,
    used: Instant,
}

impl Line {
    pub(super) fn new(shared: Arc<Shared>, connection: Option<PgConnection>) -> Self {
        // What is set in a session behind a pooler, another client finds there.
        let limited = shared.settings.pooler;
        Self { shared, connection, limited, used: Instant::now() }
    }

    /// Makes sure that there is a connection which works.
    pub(super) async fn ready(&mut self) -> Result<(), ConnectError> {
        // A batch sent on a connection that does not work any more is in doubt.
        if self.used.elapsed() > RESTED
            && let Some(connection) = &mut self.connection
            && !matches!(timeout(GRACE, connection.ping()).await, Ok(Ok(())))
        {
            self.connection = None;
        }
        let Shared { options, settings, .. } = &*self.shared;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                self.limited = settings.pooler;
                self.connection.insert(connect::open(options, settings).await?)
            }
        };
        if !self.limited {
            let limit =
                format!("SET statement_timeout = {}", settings.statement_timeout.as_millis());
            let limit = connection.execute(sqlx::AssertSqlSafe(limit)).await;
            limit.map_err(|error| ConnectError::database(&error))?;
            self.limited = true;
        }
        self.used = Instant::now();
        Ok(())
    }

    fn statement_timeout(&self) -> u128 {
        self.shared.settings.statement_timeout.as_millis()
    }

    /// Sends a batch. Whatever fails but the statement itself gives the connection up.
    pub(super) async fn send(&mut self, columns: &Columns<'_>) -> Result<PgRow, sqlx::Error> {
        let limit = self.shared.settings.statement_timeout + GRACE;
        // Taken out while it is used: if this is dropped half-way, so is it.
        let Some(mut connection) = self.connection.take() else {
            return Err(sqlx::Error::WorkerCrashed);
        };
        let sent = timeout(limit, self.call(&mut connection, columns)).await;
        self.used = Instant::now();
        let answer =
            sent.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())));
        let usable = match &answer {
            Ok(_) => true,
            Err(error) => error.as_database_error().is_some() && !self.shared.settings.pooler,
        };
        if usable {
            self.connection = Some(connection);
        }
        answer
    }

    async fn call(
        &self,
        connection: &mut PgConnection,
        columns: &Columns<'_>,
    ) -> Result<PgRow, sqlx::Error> {
        let Shared { sql, settings, .. } = &*self.shared;
        let lock_timeout = format!("{}ms", settings.lock_timeout.as_millis());
        let query = columns.bind(&sql.append, &lock_timeout, settings.durable);
        if !settings.pooler {
            return query.fetch_one(connection).await;
        }
        // Behind a pooler the commit is a round trip of its own, and the lock is held
        // until it arrives. The server ends the transaction of a client that is gone.
        let mut tx = connection.begin_with(BEGIN).await?;
        let limits = format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = '5s'",
            self.statement_timeout()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(limits)).execute(&mut *tx).await?;
        let row = query.persistent(false).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(row)
    }
}

impl From<ConnectError> for annals::StoreError {
    fn from(error: ConnectError) -> Self {
        // Not even a wrong password is for ever: but it needs somebody.
        if error.is_transient() {
            annals::StoreError::transient(error)
        } else {
            annals::StoreError::permanent(error)
        }
    }
}
