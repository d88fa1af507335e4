//! Snapshots in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::{EventId, StoreError, StreamId, Version};

use crate::MemoryStore;

#[derive(Default)]
pub(crate) struct Snapshots(Mutex<HashMap<StreamId, StoredSnapshot>>);

impl Snapshots {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, StoredSnapshot>> {
        // Each change is one call of the map, which leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SnapshotStore for MemoryStore {
    async fn load_snapshot(&self, stream: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        Ok(self.inner.snapshots.lock().get(stream).cloned())
    }

    async fn save_snapshot(&self, snapshot: StoredSnapshot) -> Result<bool, StoreError> {
        let mut snapshots = self.inner.snapshots.lock();
        let replaces = snapshots.get(&snapshot.stream).is_none_or(|old| snapshot.replaces(old));
        if replaces {
            snapshots.insert(snapshot.stream.clone(), snapshot);
        }
        Ok(replaces)
    }

    async fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> Result<(), StoreError> {
        let mut snapshots = self.inner.snapshots.lock();
        if snapshots.get(stream).is_some_and(|s| s.version == version && s.event == event) {
            snapshots.remove(stream);
        }
        Ok(())
    }
}
