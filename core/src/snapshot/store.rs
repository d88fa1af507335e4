//! The contract of a snapshot store.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{EventId, StoreError, StreamId, Version};

/// The category under which views that live in memory keep their snapshots.
///
/// Categories that begin with `annals.` are refused for aggregates when their
/// repository is built, so that no snapshot of one is taken for that of the other.
pub const VIEW_CATEGORY: &str = "annals.view";

/// A saved fold of one stream. It is disposable: whatever is in doubt about it,
/// the events are read instead.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The stream that was folded.
    pub stream: StreamId,
    /// The version up to which it was folded.
    pub version: Version,
    /// The id of the event at that version: a snapshot of another log, or of a
    /// tail that was lost, is recognised by it.
    pub event: EventId,
    /// [`Aggregate::REVISION`](crate::Aggregate::REVISION) of the code that
    /// folded it.
    pub revision: u32,
    /// Fingerprint of the shape of the state, field by field.
    pub fingerprint: u64,
    /// The stored name of the codec of `state`.
    pub codec: Cow<'static, str>,
    /// The encoded state.
    pub state: Bytes,
}

impl StoredSnapshot {
    /// Whether this one takes the place of `other`: it is newer, or as new and
    /// of another shape, as after a change of the code. Never an older one over
    /// a newer one.
    #[must_use]
    pub fn replaces(&self, other: &StoredSnapshot) -> bool {
        let kind = |s: &Self| (s.event, s.revision, s.fingerprint, s.codec.clone());
        self.version > other.version || (self.version == other.version && kind(self) != kind(other))
    }
}

// The state may hold what no log should.
impl fmt::Debug for StoredSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSnapshot")
            .field("stream", &self.stream)
            .field("version", &self.version)
            .field("event", &self.event)
            .field("revision", &self.revision)
            .field("fingerprint", &self.fingerprint)
            .field("codec", &self.codec)
            .field("state_bytes", &self.state.len())
            .finish()
    }
}

/// Keeps at most one snapshot a stream.
///
/// Nothing depends on a snapshot being there, so a store may lose them, and
/// dropping any of these futures leaves at worst a snapshot unsaved.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a snapshot store",
    note = "use the event store's own, such as `MemoryStore`, or implement `SnapshotStore`"
)]
pub trait SnapshotStore: Send + Sync + 'static {
    /// The snapshot of a stream.
    ///
    /// # Errors
    /// The store failed.
    fn load_snapshot(
        &self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<Option<StoredSnapshot>, StoreError>> + Send;

    /// Saves a snapshot if it [replaces](StoredSnapshot::replaces) the one that
    /// is there, in one atomic step; returns whether it did.
    ///
    /// # Errors
    /// The store failed.
    fn save_snapshot(
        &self,
        snapshot: StoredSnapshot,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the snapshot of a stream if it is the one at this version and
    /// event.
    ///
    /// # Errors
    /// The store failed.
    fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Any snapshot store, chosen at run time.
#[derive(Clone)]
pub struct AnySnapshotStore(Arc<dyn ErasedSnapshotStore>);

impl AnySnapshotStore {
    /// Erases the type of a snapshot store.
    pub fn new(store: impl SnapshotStore) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for AnySnapshotStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnySnapshotStore")
    }
}

trait ErasedSnapshotStore: Send + Sync {
    fn erased_load<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>>;
    fn erased_save(&self, snapshot: StoredSnapshot) -> BoxFuture<'_, Result<bool, StoreError>>;
    fn erased_delete<'a>(
        &'a self,
        stream: &'a StreamId,
        version: Version,
        event: EventId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<S: SnapshotStore> ErasedSnapshotStore for S {
    fn erased_load<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> BoxFuture<'a, Result<Option<StoredSnapshot>, StoreError>> {
        Box::pin(self.load_snapshot(stream))
    }

    fn erased_save(&self, snapshot: StoredSnapshot) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.save_snapshot(snapshot))
    }

    fn erased_delete<'a>(
        &'a self,
        stream: &'a StreamId,
        version: Version,
        event: EventId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.delete_snapshot(stream, version, event))
    }
}

impl SnapshotStore for AnySnapshotStore {
    async fn load_snapshot(&self, stream: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        self.0.erased_load(stream).await
    }

    async fn save_snapshot(&self, snapshot: StoredSnapshot) -> Result<bool, StoreError> {
        self.0.erased_save(snapshot).await
    }

    async fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> Result<(), StoreError> {
        self.0.erased_delete(stream, version, event).await
    }
}
