//! What a throw-away server can be told when it is started.

use std::path::PathBuf;

use super::machine::{Machine, blocking};
use super::{Server, TestServerError};

/// Starts a [`Server`] that differs from the default.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it starts a server"]
pub struct ServerBuilder {
    pub(super) bin: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
    pub(super) fsync: bool,
    pub(super) settings: Vec<(String, String)>,
}

impl ServerBuilder {
    /// Whether the server waits for the disk; off by default, for speed.
    ///
    /// Turn it on to measure, and where a test is about durability. What a test
    /// can show by [`Server::kill`] holds either way, since the operating system
    /// goes on and writes what the server has handed to it.
    pub fn fsync(mut self, fsync: bool) -> Self {
        self.fsync = fsync;
        self
    }

    /// A setting of `postgresql.conf`, such as `max_connections` and `20`.
    ///
    /// The value is written as it is meant, without quotes; of two with one name
    /// the later holds. `port` and `listen_addresses` cannot be set. A name or a
    /// value that the server does not know makes the start fail.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The folder of the server's programs, which chooses the major version.
    ///
    /// Without it they are looked for as the [module](super) says.
    pub fn bin_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.bin = Some(folder.into());
        self
    }

    /// Starts on a copy of a data directory instead of an empty one.
    ///
    /// The directory is that of a stopped or killed server, or what
    /// `pg_basebackup` has made; it is not changed. A file `standby.signal` in
    /// it, as `pg_basebackup --write-recovery-conf` leaves, starts a standby. The
    /// settings in it hold, except where this builder sets others.
    pub fn data_from(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data = Some(dir.into());
        self
    }

    /// Starts the server and waits until it accepts connections.
    ///
    /// It takes about a second, most of it for the files of an empty server. A
    /// start that is no longer awaited ends in a stopped server.
    ///
    /// # Errors
    /// The programs are not found, one has failed, or the server has not become
    /// ready within 60 seconds.
    pub async fn start(self) -> Result<Server, TestServerError> {
        let machine = blocking(move || Machine::launch(&self)).await?;
        Ok(Server { machine: machine.into() })
    }

    /// All settings: those made for speed, then those of the caller.
    pub(super) fn all_settings(&self) -> Vec<(String, String)> {
        let safe = if self.fsync { "on" } else { "off" };
        let own = [
            ("fsync", safe),
            ("full_page_writes", safe),
            ("synchronous_commit", "on"),
            ("shared_buffers", "64MB"),
            ("max_connections", "300"),
            // The default directory may not exist or be closed to this user.
            ("unix_socket_directories", ""),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(self.settings.iter().cloned()).collect()
    }
}
