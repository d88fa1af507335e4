//! A throw-away server.

use std::path::Path;
use std::sync::Arc;

use super::builder::ServerBuilder;
use super::machine::{Machine, blocking};
use super::{Database, TestServerError, admin, shared};

/// A PostgreSQL server of its own, which ends with this value.
///
/// It listens on 127.0.0.1 at a free port and has one superuser, `postgres`,
/// whom it asks for no password. Dropping the value stops it at once, throws its
/// data away and waits for neither.
///
/// ```no_run
/// # async fn example() -> Result<(), annals_postgres::testing::TestServerError> {
/// use annals_postgres::testing::Server;
///
/// let server = Server::builder().fsync(true).start().await?;
/// // Append to a store on `server.url()`, then take the server away from it:
/// server.kill().await?;
/// server.restart().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    pub(super) machine: Arc<Machine>,
}

impl Server {
    /// Starts a server with the defaults: fast, and unsafe if the machine fails.
    ///
    /// # Errors
    /// As of [`ServerBuilder::start`].
    pub async fn start() -> Result<Self, TestServerError> {
        Self::builder().start().await
    }

    /// A server that differs from the default.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The URL of the one server that all tests of this process share.
    ///
    /// Where the environment variable `DATABASE_URL` is set and not empty, it is
    /// that server, and none is started; its user must be allowed to create
    /// databases. Else the first call starts one, and it ends with the process.
    /// Any runtime may call this, also one that ends before the process does.
    ///
    /// # Errors
    /// As of [`ServerBuilder::start`]; the next call tries anew.
    pub async fn shared_url() -> Result<&'static str, TestServerError> {
        shared::url().await
    }

    /// The URL of the database `postgres`, for its superuser, over TCP.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of a database of this server, which need not exist.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        let server = format!("postgres://postgres@127.0.0.1:{}/", self.machine.port);
        admin::with_database(&server, database)
    }

    /// The TCP port on 127.0.0.1, the same after each restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.machine.port
    }

    /// The directory of the server's data, which only its user may read.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.machine.cluster.data
    }

    /// A directory that the server and [`bin`](Self::bin) may write to.
    ///
    /// It is the place for base backups, archives and dumps, and is removed with
    /// the server.
    #[must_use]
    pub fn scratch_dir(&self) -> &Path {
        &self.machine.cluster.room
    }

    /// The file of the server's log.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.machine.cluster.log
    }

    /// The major version of the server, such as 17.
    #[must_use]
    pub fn major_version(&self) -> u32 {
        self.machine.major
    }

    /// A command for a program of PostgreSQL, such as `pg_dump` or `pg_basebackup`.
    ///
    /// It runs as the server's user, in [`scratch_dir`](Self::scratch_dir), with
    /// the environment that leads clients to this server without arguments. The
    /// program is looked for beside the server's, then on the `PATH`, so that it
    /// can also be a pooler. It is killed when its handle is dropped. Some
    /// packages bring no client programs; the command then fails to start.
    #[must_use]
    pub fn bin(&self, program: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::from(self.machine.cluster.command(program));
        command.env("PGHOST", "127.0.0.1").env("PGPORT", self.machine.port.to_string());
        command.env("PGUSER", "postgres").env("PGDATABASE", "postgres");
        command.env("PGDATA", &self.machine.cluster.data).kill_on_drop(true);
        command
    }

    /// An empty database of its own on this server.
    ///
    /// # Errors
    /// No connection could be made, or the server has refused the statement.
    pub async fn database(&self) -> Result<Database, TestServerError> {
        Database::create_on(self.url()).await
    }

    /// Stops the server in order: sessions end, everything is written.
    ///
    /// Its data stay, for [`restart`](Self::restart) or
    /// [`data_from`](ServerBuilder::data_from). Does nothing if it does not run.
    ///
    /// # Errors
    /// The server has not stopped within 60 seconds; it is killed then.
    pub async fn stop(&self) -> Result<(), TestServerError> {
        self.with(Machine::stop).await
    }

    /// Kills every process of the server with SIGKILL, as in a crash.
    ///
    /// On return all of them have ended. What they had handed to the operating
    /// system is not lost: a power failure is more than this. Does nothing if
    /// the server does not run.
    ///
    /// # Errors
    /// A process could not be killed.
    pub async fn kill(&self) -> Result<(), TestServerError> {
        self.with(Machine::kill).await
    }

    /// Starts the server again on the same data and port; stops it first if it
    /// runs. After a kill this includes PostgreSQL's recovery.
    ///
    /// # Errors
    /// As of [`ServerBuilder::start`]; the port may have been taken meanwhile.
    pub async fn restart(&self) -> Result<(), TestServerError> {
        self.with(Machine::restart).await
    }

    /// Makes a standby a primary, and waits until it accepts writes.
    ///
    /// # Errors
    /// The server is no standby, does not run, or needs more than 60 seconds.
    pub async fn promote(&self) -> Result<(), TestServerError> {
        self.with(Machine::promote).await
    }

    async fn with(
        &self,
        work: fn(&Machine) -> Result<(), TestServerError>,
    ) -> Result<(), TestServerError> {
        let machine = Arc::clone(&self.machine);
        blocking(move || work(&machine)).await
    }
}
