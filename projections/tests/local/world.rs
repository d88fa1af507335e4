//! A log and a store of snapshots, of each kind.

use std::sync::Arc;
use std::time::Duration;

use annals::snapshot::{AnySnapshotStore, SnapshotStore, StoredSnapshot, VIEW_CATEGORY};
use annals::{AnyStore, EventStore, StreamId};
use annals_memory::MemoryStore;
use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;
use annals_projections::{LocalView, OpenLocal, View, replay};
use xxhash_rust::xxh3::xxh3_64;

/// How long anything may take that should happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct World {
    pub log: AnyStore,
    pub snapshots: AnySnapshotStore,
    /// The database is dropped with the last handle.
    pub database: Option<Arc<Database>>,
    partitions: u16,
}

impl World {
    pub async fn memory(partitions: u16) -> Self {
        let store = MemoryStore::builder().partitions(partitions).build();
        let snapshots = AnySnapshotStore::new(store.clone());
        Self { log: store.erased(), snapshots, database: None, partitions }
    }

    pub async fn postgres(partitions: u16) -> Self {
        let database = Database::create().await.unwrap();
        let builder = PostgresStore::builder(database.url()).partitions(partitions);
        builder.clone().migrate().await.unwrap();
        let store = builder.connect().await.unwrap();
        let snapshots = AnySnapshotStore::new(store.clone());
        Self { log: store.erased(), snapshots, database: Some(Arc::new(database)), partitions }
    }

    /// Another log of the same kind.
    pub async fn another(&self) -> Self {
        match self.database {
            Some(_) => Self::postgres(self.partitions).await,
            None => Self::memory(self.partitions).await,
        }
    }

    pub fn open<V: View>(&self) -> OpenLocal<V> {
        LocalView::<V>::open(self.log.clone()).snapshots(self.snapshots.clone())
    }

    /// A view that has come to where the log ends.
    pub async fn started<V: View>(&self) -> LocalView<V> {
        caught_up(self.open().start().await.unwrap()).await
    }

    pub async fn stored<V: View>(&self) -> Option<StoredSnapshot> {
        self.snapshots.load_snapshot(&stream::<V>()).await.unwrap()
    }

    /// Puts another snapshot into the place of the one that is there.
    pub async fn replace(&self, old: &StoredSnapshot, new: StoredSnapshot) {
        let gone = self.snapshots.delete_snapshot(&old.stream, old.version, old.event);
        gone.await.unwrap();
        assert!(self.snapshots.save_snapshot(new).await.unwrap());
    }

    /// Waits for a snapshot of at least so many positions.
    pub async fn saved<V: View>(&self, version: u64) -> StoredSnapshot {
        let look = async {
            loop {
                let stored = self.stored::<V>().await;
                if let Some(stored) = stored.filter(|stored| stored.version.get() >= version) {
                    return stored;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("a snapshot in time")
    }

    /// The view is that of a fresh replay.
    #[track_caller]
    pub fn assert_as_replayed<V>(&self, view: &LocalView<V>) -> impl Future<Output = ()>
    where
        V: View + PartialEq + std::fmt::Debug,
    {
        let at = std::panic::Location::caller();
        async move {
            let replayed = replay::<V>(&self.log).await.unwrap();
            view.with(|documents| {
                assert!(*documents == replayed, "{at}: {documents:?}\nreplayed {replayed:?}");
            })
            .unwrap();
        }
    }
}

pub async fn caught_up<V: View>(view: LocalView<V>) -> LocalView<V> {
    view.caught_up(PATIENCE).await.unwrap();
    view
}

pub fn stream<V: View>() -> StreamId {
    StreamId::new(VIEW_CATEGORY, V::NAME).unwrap()
}

/// The snapshot with other bytes, and the hash that fits them.
pub fn altered(old: &StoredSnapshot, alter: impl FnOnce(&mut Vec<u8>)) -> StoredSnapshot {
    let mut state = old.state[..old.state.len() - 8].to_vec();
    alter(&mut state);
    let hash = xxh3_64(&state);
    state.extend_from_slice(&hash.to_le_bytes());
    StoredSnapshot { state: state.into(), ..old.clone() }
}

/// Replaces a text by another one of the same length, wherever it stands.
pub fn swap(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "{from} is not there");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
}
