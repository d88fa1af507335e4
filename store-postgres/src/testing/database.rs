//! A throw-away database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::machine::blocking;
use super::{TestServerError, admin, shared};

/// How long a destructor waits for the database to be dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// Numbers the databases of this process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A database of its own, which is dropped with this value.
///
/// Its name is unique on the server, also among processes and machines. Dropping
/// the value ends the sessions that are left and waits until the database is
/// gone: some hundredths of a second, five seconds at most. It cannot tell of
/// errors; [`close`](Self::close) can. A process that is killed leaves its
/// databases to the server, which matters only where `DATABASE_URL` names one.
#[derive(Debug)]
pub struct Database {
    /// The server's URL, of any database but this one.
    server: String,
    name: String,
    url: String,
    dropped: bool,
}

impl Database {
    /// An empty database on the server that the process shares.
    ///
    /// The first one of a process waits for the server to start, about a second;
    /// see [`Server::shared_url`](super::Server::shared_url).
    ///
    /// # Errors
    /// The server cannot be started or reached, or has refused the statement.
    pub async fn create() -> Result<Self, TestServerError> {
        Self::create_on(shared::url().await?.to_owned()).await
    }

    /// An empty database on the server of a URL, of which any database will do.
    pub(super) async fn create_on(server: String) -> Result<Self, TestServerError> {
        // What a user has put into template1 must not change what a test sees.
        Self::from(server, "template0".to_owned()).await
    }

    /// A new database with everything that is in this one, as it is now.
    ///
    /// It is the quickest way to many databases with a schema: prepare one, copy
    /// it for each test. PostgreSQL copies only a database that nobody is
    /// connected to, so close all pools on this one first.
    ///
    /// # Errors
    /// A session on this database has not ended within some 15 seconds, or the
    /// server has refused the statement otherwise.
    pub async fn copy(&self) -> Result<Self, TestServerError> {
        Self::from(self.server.clone(), self.name.clone()).await
    }

    async fn from(server: String, template: String) -> Result<Self, TestServerError> {
        let name = unique_name();
        let url = admin::with_database(&server, &name);
        // Made first: also an unfinished statement is followed by a drop.
        let database = Self { server, name, url, dropped: false };
        blocking(move || {
            let Self { server, name, .. } = &database;
            let what = format!("create the database {name}");
            let statement = format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}""#);
            admin::execute(server, &what, &statement)?;
            Ok(database)
        })
        .await
    }

    /// The URL to connect to, of the same user as that of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name on the server: `annals_test_`, then numbers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Drops the database and ends the sessions that are left.
    ///
    /// # Errors
    /// The server cannot be reached or has refused; the database may be left.
    pub async fn close(mut self) -> Result<(), TestServerError> {
        self.dropped = true;
        blocking(move || self.drop_now()).await
    }

    fn drop_now(&self) -> Result<(), TestServerError> {
        let what = format!("drop the database {}", self.name);
        let statement = format!(r#"DROP DATABASE IF EXISTS "{}" WITH (FORCE)"#, self.name);
        admin::execute(&self.server, &what, &statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.dropped {
            return;
        }
        let copy = Self {
            server: std::mem::take(&mut self.server),
            name: std::mem::take(&mut self.name),
            url: String::new(),
            dropped: true,
        };
        let (done, wait) = mpsc::channel();
        // This thread may belong to a runtime, on which another cannot block.
        let thread = std::thread::Builder::new().spawn(move || {
            if let Err(error) = copy.drop_now() {
                tracing::debug!(%error, "a database of the tests has not been dropped");
            }
            let _ = done.send(());
        });
        // Not for ever: a test may have stopped the server.
        if thread.is_ok() {
            let _ = wait.recv_timeout(PATIENCE);
        }
    }
}

fn unique_name() -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let random = uuid::Uuid::now_v7().simple().to_string().split_off(24);
    format!("annals_test_{}_{number}_{random}", std::process::id())
}
