//! What a store can be told before it is opened.

use std::fmt;
use std::time::Duration;

use annals::store::Limits;
use annals::{Codec, Partitions};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::PostgresStore;
use crate::connect;
use crate::error::{ConnectError, MigrateError};
use crate::sql::{InvalidSchema, Schema};

/// Opens a [`PostgresStore`] that differs from the default.
///
#[doc = include_str!("../docs/connections.md")]
#[derive(Clone)]
#[must_use = "a builder does nothing until it connects or migrates"]
pub struct PostgresStoreBuilder {
    pub(crate) source: Source,
    pub(crate) settings: Settings,
}

/// Where connections come from.
#[derive(Clone)]
pub(crate) enum Source {
    Url(String),
    Pool(PgPool),
    Options(Box<PgConnectOptions>),
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) schema: Result<Schema, InvalidSchema>,
    pub(crate) partitions: Option<Partitions>,
    pub(crate) codec: Codec,
    pub(crate) limits: Limits,
    pub(crate) read_url: Option<Secret>,
    pub(crate) listen_url: Option<Secret>,
    pub(crate) pooler: bool,
    pub(crate) durable: bool,
    pub(crate) pool_size: u32,
    pub(crate) writers: u16,
    pub(crate) batch: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) append_timeout: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) poll_interval: Option<Duration>,
}

/// A URL, which may hold a password.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<url>")
    }
}

impl PostgresStoreBuilder {
    pub(crate) fn new(source: Source) -> Self {
        let settings = Settings {
            schema: Ok(Schema::default()),
            partitions: None,
            codec: Codec::default(),
            limits: Limits::default(),
            read_url: None,
            listen_url: None,
            pooler: false,
            durable: true,
            pool_size: 4,
            writers: 1,
            batch: 256,
            queue_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(10),
            append_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            poll_interval: None,
        };
        Self { source, settings }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The schema of the log; `annals` by default. Several logs may live in one
    /// database, each in a schema of its own. A name that cannot be one is refused
    /// when the store connects or migrates.
    pub fn schema(self, name: &str) -> Self {
        self.with(|s| s.schema = Schema::new(name))
    }

    /// The number of partitions, each with an order of its own.
    ///
    /// It is fixed when the log is made, with 1 by default. For a log that exists it
    /// is compared, and another number is refused.
    ///
    /// # Panics
    /// The number is 0 or above [`Partitions::MAX`].
    #[track_caller]
    pub fn partitions(self, count: u16) -> Self {
        let partitions = Partitions::new(count);
        #[expect(clippy::expect_used, reason = "a wrong constant in the caller's set-up")]
        let partitions = partitions.expect("a log has 1 to 1024 partitions");
        self.with(|s| s.partitions = Some(partitions))
    }

    /// The codec in which repositories write payloads; JSON by default.
    pub fn codec(self, codec: Codec) -> Self {
        self.with(|s| s.codec = codec)
    }

    /// What an append may hold.
    ///
    /// An append is one message to PostgreSQL, which ends the connection of whoever
    /// sends 1 GiB or more. So these are the most, whatever is set: 250,000 events and
    /// 512 MiB an append, 256 MiB a payload. Writing takes several times as much memory
    /// on both sides.
    pub fn limits(self, limits: Limits) -> Self {
        self.with(|s| s.limits = possible(limits))
    }

    /// Another server for subscriptions and reads of whole partitions, exports among
    /// them: a standby. Streams, and with them aggregates, are always read from the
    /// primary, because a decision on an old state refuses wrongly.
    pub fn read_from(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.with(|s| s.read_url = Some(Secret(url)))
    }

    /// Another way to the same server for the connection that listens, where the
    /// store's own URL goes through a pooler, which takes notifications away.
    pub fn listen_url(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.with(|s| s.listen_url = Some(Secret(url)))
    }

    /// The store's URL goes through a pooler that gives a connection away after each
    /// transaction, such as `PgBouncer` in transaction mode.
    ///
    /// Every statement is then prepared anew within a transaction, which costs round
    /// trips, one of them under the lock of an append. There are no notifications
    /// unless [`listen_url`](Self::listen_url) names a way around the pooler.
    pub fn transaction_pooler(self) -> Self {
        self.with(|s| s.pooler = true)
    }

    /// Accepts a server that acknowledges commits before they are durable
    /// (`synchronous_commit = off`): a crash of the server may lose what was
    /// acknowledged last.
    pub fn allow_asynchronous_commit(self) -> Self {
        self.with(|s| s.durable = false)
    }

    /// The greatest number of connections for reading; 4 by default, 1 at least.
    /// Ignored where the store was given a pool.
    pub fn pool_size(self, connections: u32) -> Self {
        self.with(|s| s.pool_size = connections.max(1))
    }

    /// The number of connections that append; 1 by default, no more than there are
    /// partitions. Each serves some of the partitions, so that where a commit is slow
    /// several can be under way.
    pub fn writers(self, connections: u16) -> Self {
        self.with(|s| s.writers = connections.max(1))
    }

    /// The greatest number of appends in one commit; 256 by default.
    pub fn batch(self, appends: usize) -> Self {
        self.with(|s| s.batch = appends.max(1))
    }

    /// How many bytes of appends may wait; 64 MiB by default. When there is no room,
    /// appends wait for it, up to their deadlines.
    pub fn queue_bytes(self, bytes: usize) -> Self {
        self.with(|s| s.queue_bytes = bytes)
    }

    /// How long a connection may take to open; 10 seconds by default.
    pub fn connect_timeout(self, time: Duration) -> Self {
        self.with(|s| s.connect_timeout = time)
    }

    /// How long an append may take that has no deadline; 30 seconds by default.
    pub fn append_timeout(self, time: Duration) -> Self {
        self.with(|s| s.append_timeout = time)
    }

    /// How long a page of a read may take; 30 seconds by default.
    pub fn read_timeout(self, time: Duration) -> Self {
        self.with(|s| s.read_timeout = time)
    }

    /// How long a batch of appends may wait for its partitions; 5 seconds by default.
    /// Then nothing is written, and each of them fails in a way that may pass.
    pub fn lock_timeout(self, time: Duration) -> Self {
        self.with(|s| s.lock_timeout = time)
    }

    /// How long a batch of appends may take, the lock included; 15 seconds by
    /// default. Five seconds later the connection is given up, whatever it waits
    /// for, and with it the answer.
    pub fn statement_timeout(self, time: Duration) -> Self {
        self.with(|s| s.statement_timeout = time)
    }

    /// How often the store looks for new events of which nobody tells it, once for all
    /// its subscriptions; 1 second by default, 100 milliseconds where nobody can tell.
    /// 1 millisecond is the least. See [`PostgresStore`] about following.
    pub fn poll_interval(self, time: Duration) -> Self {
        self.with(|s| s.poll_interval = Some(time))
    }

    /// Opens the store, and checks that it can be used.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(self) -> Result<PostgresStore, ConnectError> {
        connect::connect(self).await
    }

    /// Makes the log, or brings its tables to the present form; does nothing where
    /// that was done. Any number of processes may do it at once.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        connect::migrate(self).await
    }
}

/// The limits, as far as an append fits into a message of PostgreSQL; with each event
/// go up to 800 bytes of stream, name and numbers.
fn possible(mut limits: Limits) -> Limits {
    limits.events = limits.events.min(250_000);
    limits.payload_bytes = limits.payload_bytes.min(256 << 20);
    limits.append_bytes = limits.append_bytes.min(512 << 20);
    limits
}

// Neither the URL nor the options of a pool: both may hold a password.
impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
