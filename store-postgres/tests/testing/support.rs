//! What the tests of this folder share.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// Executes a statement on a connection of its own.
pub(crate) async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// The one number that a query yields.
pub(crate) async fn number(url: &str, query: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let number = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    number.unwrap()
}

/// Waits until something holds, for ten seconds at most.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what} has not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process runs; one that is only unreaped does not.
pub(crate) fn runs(id: &str) -> bool {
    let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output();
    let state = String::from_utf8(output.unwrap().stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

/// The id of the server's main process.
pub(crate) fn postmaster(data: &Path) -> String {
    let file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    file.lines().next().unwrap().trim().to_owned()
}
