//! The writer's own connection: opened when it is needed, given up when it hangs.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, timeout};

use crate::connect;
use crate::error::{ConnectError, Kind, kind};
use crate::session::BEGIN;
use crate::writer::Shared;
use crate::writer::columns::Columns;
use crate::writer::one::One;

/// How much longer than the server's own limit the answer is waited for. The server's
/// does not end the wait for a commit to be replicated.
const GRACE: Duration = Duration::from_secs(5);

/// A connection that has rested for so long is asked whether it still works: a batch
/// sent into one that is broken is in doubt. It is a round trip, but only for an
/// append that nobody else was about to make.
const RESTED: Duration = Duration::from_millis(100);

pub(super) struct Line {
    shared: Arc<Shared>,
    connection: Option<PgConnection>,
    /// Whether the server knows how long a statement, and its wait for a lock, may take.
    limited: bool,
    used: Instant,
}

/// What is sent.
pub(super) enum Call<'a> {
    One(&'a One<'a>),
    Batch(&'a Columns<'a>),
}

/// A batch that was not answered.
pub(super) struct Lost {
    pub(super) error: sqlx::Error,
    /// Whether the server may have got it.
    pub(super) sent: bool,
}

impl Line {
    pub(super) fn new(shared: Arc<Shared>, connection: Option<PgConnection>) -> Self {
        // What is set in a session behind a pooler, another client finds there.
        let limited = shared.settings.pooler;
        Self { shared, connection, limited, used: Instant::now() }
    }

    /// Makes sure that there is a connection which works. Dropped half-way, it leaves
    /// none.
    pub(super) async fn ready(&mut self) -> Result<(), ConnectError> {
        let settings = &self.shared.settings;
        let mut kept = self.connection.take();
        if let Some(connection) = &mut kept
            && self.used.elapsed() > RESTED
            && !matches!(timeout(GRACE, connection.ping()).await, Ok(Ok(())))
        {
            kept = None;
        }
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                self.limited = false;
                let Shared { options, sql, info, .. } = &*self.shared;
                connect::reopen(options, settings, sql, info).await?
            }
        };
        if !self.limited && !settings.pooler {
            let limits = format!(
                "SET statement_timeout = {}; SET lock_timeout = {}",
                millis(settings.statement_timeout),
                millis(settings.lock_timeout)
            );
            let limits = timeout(GRACE, connection.execute(sqlx::AssertSqlSafe(limits))).await;
            limits.unwrap_or_else(|_| Err(silent())).map_err(|e| ConnectError::database(&e))?;
            self.limited = true;
        }
        self.connection = Some(connection);
        self.used = Instant::now();
        Ok(())
    }

    /// Sends a batch. A connection on which something else has failed than this one
    /// statement is given up, and so is one whose settings may be the reason.
    pub(super) async fn send(&mut self, call: &Call<'_>) -> Result<PgRow, Lost> {
        let settings = &self.shared.settings;
        let limit = settings.statement_timeout.saturating_add(GRACE);
        // Taken out while it is used: if this is dropped half-way, so is it.
        let Some(mut connection) = self.connection.take() else {
            return Err(Lost { error: silent(), sent: false });
        };
        let mut sent = false;
        let call = self.call(&mut connection, call, &mut sent);
        let answer = timeout(limit, call).await.unwrap_or_else(|_| Err(silent()));
        let usable = match &answer {
            Ok(_) => true,
            Err(error) => {
                matches!(error, sqlx::Error::Database(_))
                    && matches!(kind(error), Kind::Transient | Kind::Content)
                    && !settings.pooler
            }
        };
        if usable {
            self.connection = Some(connection);
        }
        self.used = Instant::now();
        answer.map_err(|error| Lost { error, sent })
    }

    async fn call(
        &self,
        connection: &mut PgConnection,
        call: &Call<'_>,
        sent: &mut bool,
    ) -> Result<PgRow, sqlx::Error> {
        let Shared { sql, settings, .. } = &*self.shared;
        // Behind a pooler no session keeps it.
        let lock_timeout = settings.pooler.then(|| format!("{}ms", millis(settings.lock_timeout)));
        let query = match call {
            Call::One(one) => one.bind(&sql.append_one, settings.durable),
            Call::Batch(columns) => {
                columns.bind(&sql.append, lock_timeout.as_deref(), settings.durable)
            }
        };
        if !settings.pooler {
            *sent = true;
            return query.fetch_one(connection).await;
        }
        // Behind a pooler the commit is a round trip of its own, and the lock is held
        // until it arrives. The server ends the transaction of a client that is gone.
        let mut tx = connection.begin_with(BEGIN).await?;
        let limits = format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL idle_in_transaction_session_timeout = '5s'",
            millis(settings.statement_timeout)
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(limits)).execute(&mut *tx).await?;
        let row = query.persistent(false).fetch_one(&mut *tx).await?;
        // Without this nothing is written, whatever has happened before.
        *sent = true;
        tx.commit().await?;
        Ok(row)
    }
}

/// As the server takes it: no number is none at all, and none is too great.
fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

impl From<ConnectError> for annals::StoreError {
    fn from(error: ConnectError) -> Self {
        // Not even a wrong password is for ever: but it needs somebody.
        if error.is_transient() { Self::transient(error) } else { Self::permanent(error) }
    }
}
