//! Throw-away PostgreSQL servers and databases, for tests.
//!
//! Two things are here. A [`Database`] is what most tests want: an empty
//! database of their own, some hundredths of a second away, on one server that
//! the whole test process shares. A [`Server`] is what tests of failure want:
//! one that they may stop, kill, restart and promote.
//!
//! ```no_run
//! # async fn example() -> Result<(), annals_postgres::testing::TestServerError> {
//! use annals_postgres::testing::Database;
//!
//! let database = Database::create().await?;
//! // Connect to `database.url()`; the database is dropped with the value.
//! # Ok(())
//! # }
//! ```
//!
//! # What is needed
//! The programs of a PostgreSQL server must be installed, and need not run:
//! each server has a directory and a port of its own, and nothing outside of
//! them is touched. They are looked for in the folder that the environment
//! variable `ANNALS_POSTGRES_BIN` names; else beside `initdb` on the `PATH`;
//! else where `pg_config` says; else where Linux distributions, Homebrew and
//! Postgres.app put them, the newest version first. A test that finds none
//! fails with [`TestServerError::NotFound`], which says what to install; it is
//! never skipped in silence.
//!
//! A server needs some 60 megabytes in the system's directory for temporary
//! files, and is as fast as that one; the variable `TMPDIR` names another, such
//! as one in memory, which the user of the server must be able to enter.
//!
//! PostgreSQL refuses to run as root. A test that runs as root runs it as the
//! user `postgres`, or `nobody` where that one is absent.
//!
//! # What is left behind
//! Nothing. A small watching process stands beside each server and learns from
//! the end of a pipe that its owner has ended, be it by a return, a panic, an
//! exit, Ctrl-C or SIGKILL. It then stops the server and removes its directory.
//!
//! # Limits
//! Unix only. Servers listen on 127.0.0.1 and trust everyone there, so they are
//! not for data that others on the machine must not see. All work is done on
//! threads of its own, so a test may pause the clock of tokio.

#![cfg(unix)]

mod account;
mod admin;
mod builder;
mod cluster;
mod database;
mod error;
mod machine;
mod postmaster;
mod processes;
mod programs;
mod server;
mod shared;
mod watchdog;

pub use builder::ServerBuilder;
pub use database::Database;
pub use error::TestServerError;
pub use server::Server;
