//! The snapshot store beside an event store.

use std::borrow::Cow;

use bytes::Bytes;

use super::tools::at_once;
use super::{Fixture, Subject};
use crate::snapshot::StoredSnapshot;
use crate::{EventId, SnapshotStore, StreamId, Version};

fn snapshot(stream: &StreamId, version: u64, event: EventId) -> StoredSnapshot {
    StoredSnapshot {
        stream: stream.clone(),
        version: Version::new(version),
        event,
        revision: 1,
        fingerprint: u64::MAX,
        codec: Cow::Borrowed("bincode"),
        state: Bytes::from(vec![0, 0xff, 1]),
    }
}

async fn load(store: &impl SnapshotStore, stream: &StreamId) -> Option<StoredSnapshot> {
    store.load_snapshot(stream).await.expect("an answer")
}

async fn save(store: &impl SnapshotStore, snapshot: &StoredSnapshot) -> bool {
    store.save_snapshot(snapshot.clone()).await.expect("an answer")
}

/// Every field, each stream for itself, at every size.
pub async fn snapshot_comes_back_as_it_was_saved<F: Fixture>(log: Subject<F>) {
    let store = log.snapshots().await;
    for (key, size) in [0, 1, 1_000, 3_000_000].into_iter().enumerate() {
        let stream = log.stream(key);
        assert_eq!(load(&store, &stream).await, None);
        let state = Bytes::from(vec![0xfe; size]);
        let saved = StoredSnapshot { state, ..snapshot(&stream, 1 << 33, EventId::new()) };
        assert!(save(&store, &saved).await);
        assert_eq!(load(&store, &stream).await, Some(saved));
    }
}

/// The newest one wins, whatever the order in which they come.
pub async fn snapshot_of_an_older_version_never_replaces_a_newer<F: Fixture>(log: Subject<F>) {
    let (store, stream) = (log.snapshots().await, log.stream("folded"));
    let mut newest = None;
    for (version, replaces) in
        [(5, true), (4, false), (6, true), (5, false), (100, true), (99, false)]
    {
        let other = StoredSnapshot { revision: 9, ..snapshot(&stream, version, EventId::new()) };
        assert_eq!(save(&store, &other).await, replaces, "at version {version}");
        newest = if replaces { Some(other) } else { newest };
        assert_eq!(load(&store, &stream).await, newest);
    }
}

/// After a change of the code the same version is folded into another shape.
pub async fn snapshot_of_another_shape_replaces_one_of_the_same_version<F: Fixture>(
    log: Subject<F>,
) {
    let (store, stream) = (log.snapshots().await, log.stream("folded"));
    let first = snapshot(&stream, 5, EventId::new());
    assert!(save(&store, &first).await);
    let same = StoredSnapshot { state: Bytes::from_static(b"other"), ..first.clone() };
    assert!(!save(&store, &same).await, "the same shape of the same version is no news");
    let shapes = [
        StoredSnapshot { revision: 2, ..first.clone() },
        StoredSnapshot { fingerprint: 0, ..first.clone() },
        StoredSnapshot { codec: Cow::Borrowed("json"), ..first.clone() },
        StoredSnapshot { event: EventId::new(), ..first.clone() },
    ];
    for other in shapes {
        assert!(save(&store, &other).await, "another shape replaces: {other:?}");
        assert_eq!(load(&store, &stream).await, Some(other));
    }
}

/// Only the one that was meant is deleted, not what has taken its place.
pub async fn snapshot_is_deleted_by_version_and_event<F: Fixture>(log: Subject<F>) {
    let (store, stream) = (log.snapshots().await, log.stream("folded"));
    let delete = async |version, event| {
        let deleted = store.delete_snapshot(&stream, Version::new(version), event).await;
        deleted.expect("an answer");
    };
    let kept = snapshot(&stream, 5, EventId::new());
    delete(5, kept.event).await;
    save(&store, &kept).await;
    for (version, event) in [(4, kept.event), (6, kept.event), (5, EventId::new())] {
        delete(version, event).await;
        assert_eq!(load(&store, &stream).await, Some(kept.clone()), "it was not meant");
    }
    delete(5, kept.event).await;
    assert_eq!(load(&store, &stream).await, None);
    let older = snapshot(&stream, 1, EventId::new());
    assert!(save(&store, &older).await, "nothing is in its way any more");
}

/// 32 writers at once: what stays is the newest.
pub async fn snapshot_writers_at_once_leave_the_newest<F: Fixture>(log: Subject<F>) {
    let (store, stream) = (std::sync::Arc::new(log.snapshots().await), log.stream("folded"));
    let saves = (0..32_u64).map(|n| {
        let (store, saved) = (store.clone(), snapshot(&stream, n * 7 % 32 + 1, EventId::new()));
        async move { save(&*store, &saved).await }
    });
    assert!(at_once(saves).await.contains(&true));
    let stayed = load(&*store, &stream).await.expect("a snapshot");
    assert_eq!(stayed.version, Version::new(32));
}
