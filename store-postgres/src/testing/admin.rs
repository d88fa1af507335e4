//! Statements that make and drop databases.

use std::io;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::TestServerError;

/// How long a statement may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long a statement is tried anew while others are in its way.
const RETRY: Duration = Duration::from_secs(10);

/// Executes one statement on the server, on a runtime of its own.
///
/// So it works where no runtime is, as in a destructor, and where the runtime of
/// a test has paused its clock.
pub(super) fn execute(url: &str, what: &str, statement: &str) -> Result<(), TestServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TestServerError::io("start a runtime"))?;
    let began = Instant::now();
    loop {
        let once = async { tokio::time::timeout(LIMIT, once(url, what, statement)).await };
        let result = runtime.block_on(once).unwrap_or_else(|_| {
            let source = sqlx::Error::Io(io::ErrorKind::TimedOut.into());
            Err(TestServerError::Statement { what: what.to_owned(), source })
        });
        match result {
            Err(error) if began.elapsed() < RETRY && passes(&error) => {
                std::thread::sleep(Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

async fn once(url: &str, what: &str, statement: &str) -> Result<(), TestServerError> {
    let mut connection = PgConnection::connect(url).await.map_err(TestServerError::Connect)?;
    let done = connection.execute(AssertSqlSafe(statement)).await;
    let _ = connection.close().await;
    done.map(|_| ()).map_err(|source| TestServerError::Statement { what: what.to_owned(), source })
}

/// Whether the error is over once others have done their work: a template is
/// connected to, all connections are taken, or the server is just starting.
fn passes(error: &TestServerError) -> bool {
    let (TestServerError::Connect(error) | TestServerError::Statement { source: error, .. }) =
        error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("55006" | "53300" | "57P03"))
}

/// The URL with another database; user, host and parameters stay.
pub(super) fn with_database(url: &str, database: &str) -> String {
    let (before, parameters) = url.split_at(url.find('?').unwrap_or(url.len()));
    let authority = before.find("://").map_or(0, |at| at + 3);
    let end = before[authority..].find('/').map_or(before.len(), |at| authority + at);
    format!("{}/{}{parameters}", &before[..end], escape(database))
}

/// Writes every sign that has a meaning in a URL by its number.
fn escape(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape =
        |byte: u8| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        let cases = [
            ("postgres://me:pw@host:5432/old", "postgres://me:pw@host:5432/a%20b"),
            (
                "postgres://host/old?sslmode=require&a=/b",
                "postgres://host/a%20b?sslmode=require&a=/b",
            ),
            ("postgresql://host", "postgresql://host/a%20b"),
            ("postgres:///old?host=/run/postgresql", "postgres:///a%20b?host=/run/postgresql"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "a b"), expected);
        }
    }
}
