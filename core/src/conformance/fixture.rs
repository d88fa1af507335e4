//! What the suite needs to know of a store.

use crate::snapshot::AnySnapshotStore;
use crate::{AnyStore, Codec, EventStore, Partitions, SnapshotStore};

/// What a log under test is like.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Setup {
    /// How many partitions the log has.
    pub partitions: Partitions,
    /// In which codec the suite writes payloads.
    pub codec: Codec,
}

impl Setup {
    /// One partition, JSON payloads.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A log of this many partitions.
    ///
    /// # Panics
    /// The number is 0 or above [`Partitions::MAX`].
    #[must_use]
    #[track_caller]
    pub fn with_partitions(self, count: u16) -> Self {
        let partitions = Partitions::new(count).expect("a log has 1 to 1024 partitions");
        Self { partitions, ..self }
    }

    /// Payloads in this codec.
    #[must_use]
    pub fn with_codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }
}

/// How a log is made, and how it is opened. Most stores need no type of their
/// own for it: see [`fixture`].
pub trait Fixture: Send + Sync + 'static {
    /// A log, apart from any handle: a database's address, a folder. When the
    /// last clone is dropped, the suite is done with the log.
    type Log: Clone + Send + Sync + 'static;
    /// The store.
    type Store: EventStore;
    /// The snapshot store.
    type Snapshots: SnapshotStore;

    /// Makes an empty log with an identity of its own, with the default
    /// [limits](crate::store::Limits).
    fn create(&self, setup: Setup) -> impl Future<Output = Self::Log> + Send;

    /// Opens the log, as a process does that has just started; others may have
    /// it open.
    fn open(&self, log: Self::Log) -> impl Future<Output = Self::Store> + Send;

    /// The snapshots that belong to the log.
    fn snapshots(&self, log: Self::Log) -> impl Future<Output = Self::Snapshots> + Send;
}

/// A fixture of two closures: one makes a log, the other opens it. The store is
/// its own snapshot store.
pub fn fixture<Create, Creating, Log, Open, Opening>(create: Create, open: Open) -> impl Fixture
where
    Create: Fn(Setup) -> Creating + Send + Sync + 'static,
    Creating: Future<Output = Log> + Send,
    Log: Clone + Send + Sync + 'static,
    Open: Fn(Log) -> Opening + Send + Sync + 'static,
    Opening: Future<Output: EventStore + SnapshotStore> + Send,
{
    Closures { create, open }
}

struct Closures<Create, Open> {
    create: Create,
    open: Open,
}

impl<Create, Creating, Log, Open, Opening> Fixture for Closures<Create, Open>
where
    Create: Fn(Setup) -> Creating + Send + Sync + 'static,
    Creating: Future<Output = Log> + Send,
    Log: Clone + Send + Sync + 'static,
    Open: Fn(Log) -> Opening + Send + Sync + 'static,
    Opening: Future<Output: EventStore + SnapshotStore> + Send,
{
    type Log = Log;
    type Store = Opening::Output;
    type Snapshots = Opening::Output;

    async fn create(&self, setup: Setup) -> Log {
        (self.create)(setup).await
    }

    async fn open(&self, log: Log) -> Opening::Output {
        (self.open)(log).await
    }

    async fn snapshots(&self, log: Log) -> Opening::Output {
        (self.open)(log).await
    }
}

/// The same fixture with the types of its stores erased.
#[derive(Debug, Clone, Copy)]
pub struct Erased<F>(pub F);

impl<F: Fixture> Fixture for Erased<F> {
    type Log = F::Log;
    type Store = AnyStore;
    type Snapshots = AnySnapshotStore;

    async fn create(&self, setup: Setup) -> F::Log {
        self.0.create(setup).await
    }

    async fn open(&self, log: F::Log) -> AnyStore {
        self.0.open(log).await.erased()
    }

    async fn snapshots(&self, log: F::Log) -> AnySnapshotStore {
        AnySnapshotStore::new(self.0.snapshots(log).await)
    }
}
