//! Snapshots: a load from one equals a replay, whatever is wrong with it.

mod discarded;
mod failing;
mod opaque;
mod states;

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::testing::ScriptedStore;
use annals::{Repository, SnapshotPolicy};
use annals_memory::MemoryStore;

use crate::support::*;

/// A repository with a snapshot behind every event, over a store whose reads
/// are counted, and the store of the snapshots.
async fn every_event(version: u64) -> (Repository<Account>, ScriptedStore, MemoryStore) {
    let snapshots = store_at(version).await;
    let store = ScriptedStore::new(snapshots.clone());
    let policy = SnapshotPolicy::every(1);
    let accounts = accounts(store.clone()).snapshots(snapshots.clone(), policy);
    accounts.load(ID).await.unwrap();
    accounts.flush_snapshots().await;
    let _ = store.take_counts();
    (accounts, store, snapshots)
}

async fn saved(snapshots: &MemoryStore) -> Option<StoredSnapshot> {
    snapshots.load_snapshot(&stream()).await.unwrap()
}

#[tokio::test]
async fn a_load_equals_a_replay_for_every_period_and_every_size_of_batch() {
    for every in 1..=8 {
        for batch in 1..=8 {
            for flushed in [false, true] {
                let store = MemoryStore::new();
                let policy = SnapshotPolicy::every(every);
                let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
                for round in 1..=10u64 {
                    let deposits = vec![deposited(round); batch];
                    let done = accounts.update(ID, |_| deposits.clone()).await.unwrap();
                    if flushed {
                        accounts.flush_snapshots().await;
                    }
                    let plain = replayed(&store).await;
                    let case = (every, batch, round, flushed);
                    assert_eq!(done.state, plain, "{case:?}");
                    assert_eq!(accounts.load(ID).await.unwrap().state, plain, "{case:?}");
                    assert_eq!(plain.events, round * batch as u64);
                }
                accounts.flush_snapshots().await;
                accounts.load(ID).await.unwrap();
                accounts.flush_snapshots().await;
                let snapshot = saved(&store).await.unwrap();
                let behind = 10 * batch as u64 - snapshot.version.get();
                assert!(behind < every, "{behind} behind, every {every}, batch {batch}");
            }
        }
    }
}

#[tokio::test]
async fn a_batch_that_crosses_the_boundary_is_whole_in_the_snapshot() {
    let store = store_at(2).await;
    let policy = SnapshotPolicy::every(3);
    let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
    let five = accounts.update(ID, |_| vec![deposited(1); 5]);
    five.await.unwrap();
    accounts.flush_snapshots().await;
    let snapshot = saved(&store).await.unwrap();
    assert_eq!(snapshot.version, v(7));
    assert_eq!(snapshot.event, log_of(&store).await[6].id);
}

#[tokio::test]
async fn only_events_behind_the_snapshot_are_read() {
    let (accounts, store, _) = every_event(200).await;
    assert_eq!(accounts.load(ID).await.unwrap().version, v(200));
    // The event with which the snapshot ends is read to compare it.
    assert_eq!(store.take_counts().events, 1);
    let token = accounts.load(ID).await.unwrap().token;
    let plain = Repository::<Account>::new(store);
    assert_eq!(token, plain.load(ID).await.unwrap().token);
}

#[tokio::test]
async fn an_older_writer_that_ends_after_a_newer_one_changes_nothing() {
    let (accounts, _, snapshots) = every_event(5).await;
    let older = saved(&snapshots).await.unwrap();
    accounts.execute(ID, Deposit(1)).await.unwrap();
    accounts.flush_snapshots().await;
    let newer = saved(&snapshots).await.unwrap();
    assert_eq!((older.version, newer.version), (v(5), v(6)));
    assert!(!snapshots.save_snapshot(older).await.unwrap());
    assert_eq!(saved(&snapshots).await.unwrap(), newer);
    assert!(!snapshots.save_snapshot(newer.clone()).await.unwrap());
}

#[tokio::test]
async fn a_policy_by_bytes_counts_what_would_be_read() {
    let store = MemoryStore::new();
    let policy = SnapshotPolicy::every_bytes(100);
    let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
    for _ in 0..3 {
        // {"owner":"<30 bytes>"} has 42 bytes: the third one is beyond 100.
        assert_eq!(saved(&store).await, None);
        let open = accounts.update(ID, |_| opened(&"o".repeat(30)));
        open.await.unwrap();
        accounts.flush_snapshots().await;
    }
    assert_eq!(saved(&store).await.unwrap().version, v(3));

    let either = SnapshotPolicy::every_bytes(1 << 30).or_every(4);
    let accounts = Repository::<Account>::new(store.clone()).snapshots(store.clone(), either);
    accounts.execute(ID, Deposit(1)).await.unwrap();
    accounts.flush_snapshots().await;
    assert_eq!(saved(&store).await.unwrap().version, v(3), "one event behind");
}

#[tokio::test]
async fn a_period_of_zero_counts_as_one_and_an_empty_stream_has_no_snapshot() {
    let store = MemoryStore::new();
    let policy = SnapshotPolicy::every(0);
    let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
    accounts.load(ID).await.unwrap();
    accounts.execute(ID, Deposit(0)).await.unwrap();
    accounts.flush_snapshots().await;
    assert_eq!(saved(&store).await, None);
    accounts.execute(ID, Deposit(1)).await.unwrap();
    accounts.flush_snapshots().await;
    assert_eq!(saved(&store).await.unwrap().version, v(1));
}

#[tokio::test]
async fn a_state_with_skipped_events_is_never_saved() {
    let store = store_at(3).await;
    write_raw(&store, "account.frozen", 1, "{}").await;
    let accounts = accounts(store.clone())
        .cache(4)
        .snapshots(store.clone(), SnapshotPolicy::every(1))
        .skip_unknown_events();
    for _ in 0..3 {
        accounts.load(ID).await.unwrap();
        accounts.execute(ID, Deposit(1)).await.unwrap();
        accounts.flush_snapshots().await;
        assert_eq!(saved(&store).await, None);
    }
}

#[tokio::test]
async fn a_state_as_of_a_moment_is_never_saved() {
    let store = store_at(5).await;
    let policy = SnapshotPolicy::every(1);
    let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
    let at = annals::At::Version(v(3));
    assert_eq!(accounts.load_at(ID, at).await.unwrap().state.cents, 3);
    accounts.flush_snapshots().await;
    assert_eq!(saved(&store).await, None);
}
