//! Snapshot stores that keep the wrong one.

use annals::conformance::{Fixture, Setup, Suite};
use annals::snapshot::StoredSnapshot;
use annals::{EventId, SnapshotStore, StoreError, StreamId, Version};
use annals_memory::MemoryStore;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    LastWins,
    FirstOfAVersionWins,
    DeletesAny,
    NarrowVersions,
}

struct Broken {
    store: MemoryStore,
    breaks: Breaks,
}

impl SnapshotStore for Broken {
    async fn load_snapshot(&self, stream: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        self.store.load_snapshot(stream).await
    }

    async fn save_snapshot(&self, mut snapshot: StoredSnapshot) -> Result<bool, StoreError> {
        let old = self.load_snapshot(&snapshot.stream).await?;
        match (self.breaks, old) {
            (Breaks::LastWins, Some(old)) => {
                let (stream, version) = (&old.stream, old.version);
                self.store.delete_snapshot(stream, version, old.event).await?;
            }
            (Breaks::FirstOfAVersionWins, Some(old)) if old.version == snapshot.version => {
                return Ok(false);
            }
            (Breaks::NarrowVersions, _) => {
                snapshot.version = Version::new(snapshot.version.get() & 0x7fff_ffff);
            }
            _ => {}
        }
        self.store.save_snapshot(snapshot).await
    }

    async fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> Result<(), StoreError> {
        let meant = match self.load_snapshot(stream).await? {
            Some(old) if self.breaks == Breaks::DeletesAny => (old.version, old.event),
            _ => (version, event),
        };
        self.store.delete_snapshot(stream, meant.0, meant.1).await
    }
}

impl Fixture for Breaks {
    type Log = MemoryStore;
    type Store = MemoryStore;
    type Snapshots = Broken;

    async fn create(&self, setup: Setup) -> MemoryStore {
        let builder = MemoryStore::builder().codec(setup.codec);
        builder.partitions(setup.partitions.count()).build()
    }

    async fn open(&self, log: MemoryStore) -> MemoryStore {
        log
    }

    async fn snapshots(&self, store: MemoryStore) -> Broken {
        let breaks = *self;
        Broken { store, breaks }
    }
}

async fn assert_caught(case: &'static str, breaks: Breaks) {
    let report = Suite::new(breaks).only(case).run().await;
    assert!(report.failures().next().is_some(), "no case {case} notices");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_that_is_always_the_last() {
    assert_caught("snapshot_of_an_older_version", Breaks::LastWins).await;
    assert_caught("snapshot_writers_at_once", Breaks::LastWins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_that_is_the_first_of_its_version() {
    assert_caught("snapshot_of_another_shape", Breaks::FirstOfAVersionWins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_deleted_without_being_meant() {
    assert_caught("snapshot_is_deleted", Breaks::DeletesAny).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot_of_a_narrower_version() {
    assert_caught("snapshot_comes_back", Breaks::NarrowVersions).await;
}
