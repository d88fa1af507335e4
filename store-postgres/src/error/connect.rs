//! Why a store could not be opened, or its tables not be made.

use annals::Partition;

use crate::error::Failure;
use crate::sql::{InvalidSchema, Schema};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL does not parse.
    #[error(
        "the URL of the database does not parse ({reason}): it has the form \
         postgres://user:password@host:port/database"
    )]
    InvalidUrl {
        /// What is wrong with it, without repeating it.
        reason: String,
    },
    /// The schema's name is not one.
    #[error(transparent)]
    InvalidSchema(#[from] InvalidSchema),
    /// The server does not answer.
    #[error("the database server at {host}:{port} does not answer: is it running, and reachable?")]
    Unreachable {
        /// Where it should be.
        host: String,
        /// Its port.
        port: u16,
        /// What the operating system says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The URL asks for TLS, and the crate was built without it.
    #[error(
        "the URL asks for TLS, which this program was built without: turn on one of the features \
         tls-rustls-ring, tls-rustls-aws-lc and tls-native-tls of annals-postgres"
    )]
    TlsNotBuilt,
    /// No encrypted connection came about.
    #[error(
        "no TLS with the database server at {host}:{port}: is it turned on there, and is its \
         certificate for this name and signed by one that `sslrootcert` names?"
    )]
    Tls {
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// What the library for TLS says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refuses the user or the password.
    #[error(
        "the database server refuses user `{user}`: check the name, the password, and that \
         pg_hba.conf lets the user in from here"
    )]
    Authentication {
        /// The user.
        user: String,
    },
    /// The server has no such database.
    #[error("the server has no database `{database}`: create it, or correct the URL")]
    NoSuchDatabase {
        /// The database.
        database: String,
    },
    /// The log's schema, or its tables, are not there.
    #[error("there is no log in schema `{schema}`: run `PostgresStore::migrate` first")]
    NoLog {
        /// The schema.
        schema: Schema,
    },
    /// The schema of the read models, or its tables, are not there.
    #[error(
        "there are no read models in schema `{schema}`: run `PostgresReadModels::migrate` first"
    )]
    NoReadModels {
        /// The schema.
        schema: Schema,
    },
    /// The tables are of an older form.
    #[error(
        "the tables in schema `{schema}` are of version {found}, this program needs {known}: run \
         `migrate` of the store"
    )]
    SchemaIsOlder {
        /// The schema.
        schema: Schema,
        /// The version found.
        found: i32,
        /// The version that is needed.
        known: i32,
    },
    /// The tables are of a newer form than this program knows.
    #[error(
        "the tables in schema `{schema}` are of version {found}, this program knows {known}: \
         upgrade the program"
    )]
    SchemaIsNewer {
        /// The schema.
        schema: Schema,
        /// The version found.
        found: i32,
        /// The version that is known.
        known: i32,
    },
    /// The role may not use the log.
    #[error(
        "user `{user}` may not use the log in schema `{schema}`: grant it the rights of the roles \
         script"
    )]
    MissingRights {
        /// The user.
        user: String,
        /// The schema.
        schema: Schema,
    },
    /// The server only reads.
    #[error(
        "the server is a standby, which cannot be written to: connect to the primary, and name \
         the standby as the one to read from"
    )]
    Standby,
    /// The database, the role or the server lets transactions only read.
    #[error(
        "transactions only read here (default_transaction_read_only is on): turn it off for this \
         database and this role"
    )]
    ReadOnly,
    /// The server is older than the versions that are supported.
    #[error("the server is PostgreSQL {found}: version {needed} or newer is needed")]
    ServerTooOld {
        /// The server's major version.
        found: i32,
        /// The oldest that is supported.
        needed: i32,
    },
    /// The database does not keep text as UTF-8.
    #[error("the encoding of the database is {found}: create it with ENCODING 'UTF8'")]
    Encoding {
        /// Its encoding.
        found: String,
    },
    /// The server acknowledges commits before they are durable.
    #[error(
        "synchronous_commit is off: a crash would lose acknowledged events; turn it on, or say \
         `allow_asynchronous_commit`"
    )]
    AsynchronousCommit,
    /// A sequence of positions stands behind the events of its partition, so that new
    /// events would get positions that readers have passed.
    #[error(
        "the sequence of positions of partition {partition} stands behind its events, as logical \
         replication leaves it: set it to the last position before anybody appends"
    )]
    SequenceBehind {
        /// The partition.
        partition: Partition,
    },
    /// The log has another number of partitions than was asked for.
    #[error(
        "the log has {found} partitions, not {wanted}: their number is fixed when a log is made; \
         export it and import it into a new one to change it"
    )]
    PartitionsDiffer {
        /// How many it has.
        found: u16,
        /// How many were asked for.
        wanted: u16,
    },
    /// A connection of an open store has reached another log.
    #[error(
        "the database holds another log than the one that the store was opened on: correct where \
         its address leads, or open the store anew if this log has taken the place of that one"
    )]
    AnotherLog,
    /// The database failed otherwise.
    #[error("the database failed while the store was opened")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ConnectError {
    pub(crate) fn database(error: &sqlx::Error) -> Self {
        ConnectError::Database(Box::new(Failure::new(error)))
    }

    /// Whether trying again may help: the server was not there, is starting, or has no
    /// connection to spare. Everything else needs somebody who mends it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ConnectError::Unreachable { .. } => true,
            ConnectError::Database(source) => {
                source.downcast_ref::<Failure>().is_some_and(Failure::is_transient)
            }
            _ => false,
        }
    }
}

/// Why the tables of a log could not be made or upgraded; they are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The tables are of a newer form than this program knows.
    #[error("the tables are of version {found}, this program knows {known}: upgrade the program")]
    SchemaIsNewer {
        /// The version found.
        found: i32,
        /// The version that is known.
        known: i32,
    },
    /// The log has another number of partitions than was asked for.
    #[error(
        "the log has {found} partitions, not {wanted}: their number is fixed when a log is made; \
         export it and import it into a new one to change it"
    )]
    PartitionsDiffer {
        /// How many it has.
        found: u16,
        /// How many were asked for.
        wanted: u16,
    },
    /// The role may not make the tables.
    #[error(
        "user `{user}` may not make the tables of schema `{schema}`: migrate as the owner of the \
         schema, who may create it, and connect as the application's role"
    )]
    MissingRights {
        /// The user.
        user: String,
        /// The schema.
        schema: Schema,
    },
    /// The database failed.
    #[error("the database failed while the tables were made; nothing was changed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        MigrateError::Database(Box::new(Failure::new(&error)))
    }
}
