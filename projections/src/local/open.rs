//! A view in memory that is about to begin.

use std::fmt;
use std::sync::Arc;

use annals::snapshot::{AnySnapshotStore, SnapshotCodec, SnapshotFormat, SnapshotStore};
use annals::{AnyStore, Checkpoint, EventStore};
use tokio::sync::watch;

use super::LocalView;
use super::error::LocalError;
use super::follow::Follower;
use super::restore::Begun;
use super::saver::{Plan, Saver};
use super::shared::Shared;
use crate::{Documents, View};

/// A view in memory that is about to begin: [`start`](Self::start) it.
#[must_use = "a view does nothing until it is started"]
pub struct OpenLocal<V: View> {
    log: AnyStore,
    snapshots: Option<AnySnapshotStore>,
    every: Option<u64>,
    codec: Option<SnapshotCodec>,
    most: usize,
    view: std::marker::PhantomData<fn() -> V>,
}

impl<V: View> OpenLocal<V> {
    pub(super) fn new(log: AnyStore) -> Self {
        let most = LocalView::<V>::MAX_SNAPSHOT_BYTES;
        let (snapshots, every, codec) = (None, None, None);
        Self { log, snapshots, every, codec, most, view: std::marker::PhantomData }
    }

    /// Saves snapshots in this store, from time to time and when the view is stopped, and
    /// begins behind the newest one that can be believed; see the page of this crate. Without,
    /// each start reads the whole log.
    pub fn snapshots(mut self, store: impl SnapshotStore) -> Self {
        self.snapshots = Some(AnySnapshotStore::new(store));
        self
    }

    /// A snapshot as soon as this many events were folded behind the last one; at least one.
    /// By default as many as there are documents, and 10,000 at least: then each event pays
    /// for writing one document at most.
    pub fn every(mut self, events: u64) -> Self {
        self.every = Some(events.max(1));
        self
    }

    /// The codec to try first, by the rules of
    /// [`SnapshotPolicy::codec`](annals::SnapshotPolicy::codec).
    pub fn codec(mut self, codec: SnapshotCodec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// The most bytes of a snapshot, which stand in memory while it is saved or loaded;
    /// [`LocalView::MAX_SNAPSHOT_BYTES`] by default and at most. A view that has grown
    /// beyond it has no new snapshot, with a warning.
    pub fn most_bytes(mut self, bytes: usize) -> Self {
        self.most = bytes.min(LocalView::<V>::MAX_SNAPSHOT_BYTES);
        self
    }

    /// Looks for a snapshot, and begins to follow the log behind it. The view answers at
    /// once, from what it has: wait for [`caught_up`](LocalView::caught_up) before the first
    /// question.
    ///
    /// Dropping the future leaves nothing behind.
    ///
    /// # Errors
    /// The log could not be read. A snapshot that cannot be loaded or believed is no error:
    /// see [`LocalView::begun`].
    pub async fn start(self) -> Result<LocalView<V>, LocalError> {
        const {
            assert!(
                is_name(V::NAME),
                "View::NAME has 1 to 40 of the characters a-z, 0-9 and _, and begins with a letter"
            );
        }
        let Self { log, snapshots, every, codec, most, .. } = self;
        let info = log.log();
        let mut saver = None;
        if let Some(store) = snapshots {
            let format = SnapshotFormat::of(&V::default(), codec);
            // Every name is the key of a stream: that was checked above.
            saver = Saver::new(Plan { store, format, every, most }, info.id).ok();
        }
        let (restored, begun) = match &mut saver {
            Some(saver) => saver.restore(&log).await?,
            None => (None, Begun::Beginning),
        };
        let (documents, places) = restored.unwrap_or_else(|| {
            let start = |partition| Checkpoint::start(info.id, partition);
            (Documents::new(), info.partitions.iter().map(start).collect())
        });
        let shared = Arc::new(Shared::new(documents, places.clone()));
        let (stop, told) = watch::channel(false);
        let follower = Follower::new(log.clone(), shared.clone(), places, saver, told);
        let task = tokio::spawn(follower.run());
        Ok(LocalView { log, shared, begun, stop, task })
    }
}

/// The rule of [`View::NAME`].
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let letter = bytes[at].is_ascii_lowercase();
        if !letter && (at == 0 || !(bytes[at].is_ascii_digit() || bytes[at] == b'_')) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= annals::read_model::MAX_NAME_BYTES
}

impl<V: View> fmt::Debug for OpenLocal<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLocal").field("view", &V::NAME).finish_non_exhaustive()
    }
}
