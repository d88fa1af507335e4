//! Snapshots that do not fit: discarded with a warning, and all events read.

use std::borrow::Cow;

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::testing::ScriptedStore;
use annals::{Aggregate, EventId, Repository, SnapshotPolicy};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use super::{every_event, saved};
use crate::logs::Logs;
use crate::support::*;

/// What becomes of a load and a command with a changed snapshot in place.
struct Seen {
    events_read: usize,
    warnings: Vec<String>,
    left: Option<StoredSnapshot>,
}

async fn seen_with(change: impl FnOnce(&mut StoredSnapshot)) -> Seen {
    let (logs, _guard) = Logs::capture();
    let (_, store, snapshots) = every_event(5).await;
    let mut snapshot = saved(&snapshots).await.unwrap();
    change(&mut snapshot);
    let changed = MemoryStore::new();
    changed.save_snapshot(snapshot).await.unwrap();
    let policy = SnapshotPolicy::every(1000);
    let accounts = accounts(store.clone()).snapshots(changed.clone(), policy);
    let loaded = accounts.load(ID).await.unwrap();
    assert_eq!(loaded.state, replayed(&store).await);
    let _ = store.take_counts();
    let done = accounts.execute(ID, Withdraw(5)).await.unwrap();
    assert_eq!((done.state.cents, done.state.events), (0, 6));
    Seen {
        events_read: store.take_counts().events,
        warnings: logs.warnings(),
        left: saved(&changed).await,
    }
}

#[track_caller]
fn is_discarded(seen: &Seen, why: &str) {
    assert_eq!(seen.events_read, 5, "all events are read");
    let [first, ..] = &seen.warnings[..] else { panic!("no warning") };
    assert!(first.contains("snapshot discarded"), "{first}");
    assert!(first.contains("account-1"), "{first}");
    assert!(first.contains(why), "{first}");
}

#[tokio::test]
async fn one_that_fits_is_taken_without_a_warning() {
    let seen = seen_with(|_| ()).await;
    assert_eq!(seen.events_read, 1);
    assert_eq!(seen.warnings, [] as [String; 0]);
}

#[tokio::test]
async fn one_of_another_shape_is_discarded() {
    let seen = seen_with(|snapshot| snapshot.fingerprint ^= 1).await;
    is_discarded(&seen, "shape");
}

#[tokio::test]
async fn one_of_another_revision_is_discarded() {
    let seen = seen_with(|snapshot| snapshot.revision += 1).await;
    is_discarded(&seen, "its revision is 2, the aggregate's is 1");
}

#[tokio::test]
async fn one_of_an_unknown_codec_is_discarded() {
    let seen = seen_with(|snapshot| snapshot.codec = Cow::Borrowed("zstd+cbor")).await;
    is_discarded(&seen, "codec is unknown");
}

#[tokio::test]
async fn one_that_matches_but_cannot_be_read_is_discarded() {
    for garbage in [&b""[..], b"\xff", b"\x00\x05\x05tail", &[0xfd; 64]] {
        let seen = seen_with(|snapshot| snapshot.state = garbage.into()).await;
        is_discarded(&seen, "not one of this state");
    }
    // The bytes of one codec under the name of the other.
    let seen = seen_with(|snapshot| snapshot.codec = Cow::Borrowed("json")).await;
    is_discarded(&seen, "not one of this state");
}

#[tokio::test]
async fn one_of_no_version_is_discarded() {
    let seen = seen_with(|snapshot| snapshot.version = v(0)).await;
    is_discarded(&seen, "no version");
}

#[tokio::test]
async fn one_beyond_the_head_is_discarded_and_deleted() {
    for version in [6, 7, 1000, u64::MAX] {
        let seen = seen_with(|snapshot| snapshot.version = v(version)).await;
        is_discarded(&seen, "does not hold its last event");
        assert_eq!(seen.left, None, "it would hide every one to come");
    }
}

#[tokio::test]
async fn one_beyond_the_head_that_cannot_be_read_is_deleted_too() {
    for version in [6, u64::MAX] {
        let seen = seen_with(|snapshot| {
            snapshot.version = v(version);
            snapshot.fingerprint ^= 1;
        });
        let seen = seen.await;
        is_discarded(&seen, "shape");
        assert_eq!(seen.left, None, "it would hide every one to come");
    }
    // One of other code stays: that code may still run, and take it.
    let seen = seen_with(|snapshot| snapshot.fingerprint ^= 1).await;
    assert!(seen.left.is_some());
}

#[tokio::test]
async fn one_of_another_log_is_discarded_and_deleted() {
    for version in [1, 4, 5] {
        let seen = seen_with(|snapshot| {
            snapshot.version = v(version);
            snapshot.event = EventId::new();
        });
        let seen = seen.await;
        is_discarded(&seen, "does not hold its last event");
        assert_eq!(seen.left, None);
    }
}

/// The same account before it counted events, and with two fields of one type
/// in another order.
macro_rules! older_account {
    ($name:ident, $($field:ident: $type:ty),*) => {
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        struct $name { $($field: $type),* }

        impl Aggregate for $name {
            const CATEGORY: &'static str = "account";
            type Id = str;
            type Event = AccountEvent;

            fn evolve(&mut self, event: &AccountEvent) {
                if let AccountEvent::Deposited { cents } = event {
                    self.cents += cents;
                }
            }
        }
    };
}

older_account!(Uncounted, owner: String, cents: u64);
older_account!(Reordered, owner: String, events: u64, cents: u64);
older_account!(Renamed, name: String, cents: u64, events: u64);

async fn saved_by<A>() -> (ScriptedStore, MemoryStore)
where
    A: Aggregate<Id = str, Event = AccountEvent> + Clone + Serialize + for<'a> Deserialize<'a>,
{
    let store = store_at(5).await;
    let old =
        Repository::<A>::new(store.clone()).snapshots(store.clone(), SnapshotPolicy::every(1));
    old.load(ID).await.unwrap();
    old.flush_snapshots().await;
    assert_eq!(saved(&store).await.unwrap().version, v(5));
    (ScriptedStore::new(store.clone()), store)
}

#[tokio::test]
async fn one_of_an_older_struct_is_discarded_and_replaced_at_the_same_version() {
    for (store, snapshots) in
        [saved_by::<Uncounted>().await, saved_by::<Reordered>().await, saved_by::<Renamed>().await]
    {
        let policy = SnapshotPolicy::every(1);
        let accounts = accounts(store.clone()).snapshots(snapshots.clone(), policy);
        for events_read in [5, 1] {
            let loaded = accounts.load(ID).await.unwrap();
            assert_eq!((loaded.state.cents, loaded.state.events), (5, 5));
            assert_eq!(store.take_counts().events, events_read);
            accounts.flush_snapshots().await;
        }
    }
}
