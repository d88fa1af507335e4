//! Snapshots of a fixed state, as they stand in their store.
//!
//! Unlike an event, a snapshot may be given up: but then `fingerprint` or the
//! codec's name must change with it, knowingly, and these fixtures with them.

use annals::snapshot::{SnapshotCodec, SnapshotStore, StoredSnapshot};
use annals::store::{Append, NewEvent};
use annals::testing::ScriptedStore;
use annals::{Codec, EventStore, Repository, SnapshotPolicy, Version};
use annals_memory::MemoryStore;
use serde::Deserialize;

use crate::account::Account;
use crate::{fixture, opened, paid_in};

/// A row of a snapshot store: numbers and bytes in hexadecimal digits.
#[derive(Deserialize)]
struct Row {
    version: u64,
    event: String,
    revision: u32,
    fingerprint: String,
    codec: String,
    state: String,
}

impl Row {
    fn of(codec: SnapshotCodec) -> Self {
        let text = fixture(&format!("snapshots/account.{codec}.json"));
        serde_json::from_str(&text).unwrap()
    }

    fn snapshot(self) -> StoredSnapshot {
        let digits = self.state.as_bytes().chunks(2);
        let byte = |two: &[u8]| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap();
        StoredSnapshot {
            stream: "account-1".parse().unwrap(),
            version: Version::new(self.version),
            event: self.event.parse().unwrap(),
            revision: self.revision,
            fingerprint: u64::from_str_radix(&self.fingerprint, 16).unwrap(),
            codec: self.codec.into(),
            state: digits.map(byte).collect::<Vec<_>>().into(),
        }
    }
}

/// A log that ends with the event of the snapshots.
async fn log() -> MemoryStore {
    let store = MemoryStore::new();
    let events = [opened(&["private", "élan"]), paid_in(1250, "branch"), paid_in(300, "post")];
    let encode = |event| NewEvent::encode(Codec::Json, event).unwrap();
    let mut events: Vec<_> = events.iter().map(encode).collect();
    let id = Row::of(SnapshotCodec::Json).snapshot().event;
    let last = events.pop().unwrap().with_id(id);
    events.push(last);
    let stream = "account-1".parse().unwrap();
    let append = Append::to(stream, Version::NONE, events);
    store.append(append).await.unwrap();
    store
}

#[tokio::test]
async fn a_stored_snapshot_is_loaded_as_the_state_that_it_was() {
    for codec in [SnapshotCodec::Bincode, SnapshotCodec::Json] {
        let snapshots = MemoryStore::new();
        let stored = Row::of(codec).snapshot();
        assert!(snapshots.save_snapshot(stored).await.unwrap());
        let store = ScriptedStore::new(log().await);
        let replayed = Repository::<Account>::new(store.clone());
        let replayed = replayed.load("1").await.unwrap();
        assert_eq!(store.take_counts().events, 3);

        let policy = SnapshotPolicy::every(1000);
        let accounts = Repository::<Account>::new(store.clone()).snapshots(snapshots, policy);
        let loaded = accounts.load("1").await.unwrap();
        assert_eq!(loaded, replayed);
        assert_eq!(store.take_counts().events, 1, "{codec}: it was not taken");
    }
}

#[tokio::test]
async fn a_snapshot_is_saved_as_it_was() {
    for codec in [SnapshotCodec::Bincode, SnapshotCodec::Json] {
        let snapshots = MemoryStore::new();
        let policy = SnapshotPolicy::every(1).codec(codec);
        let all = Repository::<Account>::new(log().await);
        let all = all.snapshots(snapshots.clone(), policy);
        all.load("1").await.unwrap();
        all.flush_snapshots().await;
        let stream = "account-1".parse().unwrap();
        let saved = snapshots.load_snapshot(&stream).await.unwrap().unwrap();
        let expected = Row::of(codec).snapshot();
        assert_eq!(saved, expected, "{:?}", &saved.state[..]);
        assert_eq!(saved.state, expected.state);
    }
}
