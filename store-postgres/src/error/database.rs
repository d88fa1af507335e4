//! What a failure of the database means for the caller.

use std::error::Error;
use std::fmt;

use annals::{ReadError, StoreError};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The statement was rolled back; it may work the next time.
    Transient,
    /// The statement was rolled back, and will be again until somebody mends it.
    Permanent,
    /// The statement was rolled back because of what was in it.
    Content,
    /// The server cannot be written to: a standby, or one that is failing over. The
    /// next connection may reach another.
    Elsewhere,
    /// The connection is gone, and whether the statement was carried out is unknown.
    Doubt,
}

/// Codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(crate) fn kind(error: &sqlx::Error) -> Kind {
    let sqlx::Error::Database(error) = error else {
        return match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Kind::Transient,
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Kind::Permanent,
            // It was never sent.
            sqlx::Error::Encode(_) => Kind::Content,
            _ => Kind::Doubt,
        };
    };
    // A server that gives itself up may do so behind the commit: what cannot be made
    // durable is such a reason.
    let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    if severity == Some(PgSeverity::Panic) {
        return Kind::Doubt;
    }
    let code = error.code().unwrap_or_default();
    match &*code {
        // The server shuts down or has lost a process: it may have been behind the
        // commit.
        "57P01" | "57P02" | "57P03" | "57P05" => Kind::Doubt,
        "25006" => Kind::Elsewhere,
        // Out of memory, too many connections, too many locks.
        "53100" => Kind::Permanent,
        // A statement that was cancelled, a lock that was not to be had.
        "55P03" | "57014" | "55006" => Kind::Transient,
        // A transaction that was idle, or went on, for too long: the server has ended it.
        "25P03" | "25P04" => Kind::Transient,
        // What a pooler says when its own connection to the server broke.
        code if code.starts_with("08") => Kind::Doubt,
        code if code.starts_with("40") || code.starts_with("53") => Kind::Transient,
        // Data, constraints, limits; what triggers raise; damage, which may be that of
        // one stream.
        code if ["22", "23", "54", "P0", "XX"].iter().any(|class| code.starts_with(class)) => {
            Kind::Content
        }
        _ => Kind::Permanent,
    }
}

/// A failure of the database, without what sqlx might add to it: neither a password
/// nor a value that was bound.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    advice: &'static str,
    transient: bool,
}

impl Failure {
    pub(crate) fn new(error: &sqlx::Error) -> Self {
        let transient = transient(error);
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                // The message, not the detail: details quote rows.
                let text = format!("{} (SQLSTATE {code})", database.message());
                Self { text, advice: advice(&code), transient }
            }
            error => Self { text: error.to_string(), advice: "", transient },
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), advice: "", transient: false }
    }

    pub(crate) fn is_transient(&self) -> bool {
        self.transient
    }
}

fn transient(error: &sqlx::Error) -> bool {
    matches!(kind(error), Kind::Transient | Kind::Doubt | Kind::Elsewhere)
}

fn advice(code: &str) -> &'static str {
    match code {
        "53100" => ": free space on the disk of the database",
        "42501" => ": grant the rights of the roles script to this role",
        "25006" => ": this server is a standby or was told to only read, append to the primary",
        "AN001" => ": connect with the isolation READ COMMITTED",
        "AN002" => ": turn synchronous_commit on, or allow what it loses in a crash",
        "AN003" => {
            ": set the sequence to the last position of its partition before anybody appends"
        }
        "AN007" => ": begin it on a connection to the database of this store",
        "AN010" => ": give the table another name, or what is in its way",
        "AN011" => ": a projection must leave BEGIN, COMMIT and ROLLBACK to the store",
        "AN006" => ": this is a defect of annals, please report it",
        "42P01" | "42883" | "3F000" => ": run the migrations",
        _ => "",
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, self.advice)
    }
}

impl Error for Failure {}

/// What the database holds is not what was written there.
#[derive(Debug, thiserror::Error)]
#[error("a row of the log cannot be read: {what}")]
pub(crate) struct Damage {
    pub(crate) what: String,
}

/// A row that cannot be read, as an error of the driver.
pub(crate) fn damaged(what: impl Into<String>) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Damage { what: what.into() }))
}

pub(crate) fn store_error(error: &sqlx::Error) -> StoreError {
    let failure = Failure::new(error);
    if failure.is_transient() {
        StoreError::transient(failure)
    } else {
        StoreError::permanent(failure)
    }
}

/// The failure of a statement that writes what somebody's own code made of an event, or of
/// the commit of it: it may be that of the event alone.
pub(crate) fn write_error(error: &sqlx::Error) -> StoreError {
    if is_refused(error) { StoreError::content(Failure::new(error)) } else { store_error(error) }
}

/// Whether the database is well, and refuses a value or a row: not damage, nor a table or
/// a right that is missing.
fn is_refused(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else { return false };
    let code = database.code().unwrap_or_default();
    let refused = match &*code {
        // A trigger that raises, a row that is outside of its view, a second row where
        // there may be one, a row or a key of an index that is too large.
        "P0001" | "P0002" | "P0003" | "P0004" | "44000" | "21000" | "54000" => true,
        // Data, and constraints.
        code => ["22", "23"].iter().any(|class| code.starts_with(class)),
    };
    refused && kind(error) != Kind::Doubt
}

/// The same failure once more, for another caller.
pub(crate) fn same(error: &StoreError) -> StoreError {
    // What it wraps: the advice of the contract is added again below.
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let failure = Failure::text(text);
    if error.is_transient() {
        StoreError::transient(failure)
    } else {
        StoreError::permanent(failure)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn read_error(error: sqlx::Error) -> ReadError {
    ReadError::Store(store_error(&error))
}
