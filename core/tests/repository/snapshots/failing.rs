//! A snapshot store that fails or hangs: a missing snapshot costs time, and no
//! command more than a little of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use annals::snapshot::{SnapshotStore, StoredSnapshot};
use annals::testing::ScriptedStore;
use annals::{Aggregate, EventId, Repository, SnapshotPolicy, StoreError, StreamId, Version};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::every_event;
use crate::support::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Works,
    Fails,
    Hangs,
}

/// Snapshots in memory, whose store works, fails or hangs by the operation.
#[derive(Clone)]
struct Faulty {
    inner: MemoryStore,
    load: How,
    save: How,
    delete: How,
    asked: Arc<Mutex<usize>>,
}

impl Faulty {
    fn new(inner: MemoryStore) -> Self {
        let (load, save, delete) = (How::Works, How::Works, How::Works);
        let asked = Arc::default();
        Self { inner, load, save, delete, asked }
    }

    async fn act(&self, how: How) -> Result<(), StoreError> {
        match how {
            How::Works => Ok(()),
            How::Fails => Err(StoreError::transient("no snapshots today")),
            How::Hangs => std::future::pending().await,
        }
    }
}

impl SnapshotStore for Faulty {
    async fn load_snapshot(&self, stream: &StreamId) -> Result<Option<StoredSnapshot>, StoreError> {
        self.act(self.load).await?;
        self.inner.load_snapshot(stream).await
    }

    async fn save_snapshot(&self, snapshot: StoredSnapshot) -> Result<bool, StoreError> {
        *self.asked.lock().unwrap() += 1;
        self.act(self.save).await?;
        self.inner.save_snapshot(snapshot).await
    }

    async fn delete_snapshot(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
    ) -> Result<(), StoreError> {
        self.act(self.delete).await?;
        self.inner.delete_snapshot(stream, version, event).await
    }
}

#[tokio::test(start_paused = true)]
async fn no_command_fails_for_want_of_snapshots() {
    for how in [How::Fails, How::Hangs] {
        for timeout in [Duration::from_millis(100), Duration::from_secs(30)] {
            let (_, store, snapshots) = every_event(5).await;
            let mut faulty = Faulty::new(snapshots);
            (faulty.load, faulty.save) = (how, how);
            let policy = SnapshotPolicy::every(1);
            let accounts = accounts(store).snapshots(faulty, policy).timeout(timeout);
            let began = Instant::now();
            for round in 1..=3 {
                let done = accounts.execute(ID, Deposit(1)).await.unwrap();
                assert_eq!(done.state.cents, 5 + round, "{how:?}");
                assert_eq!(accounts.load(ID).await.unwrap().state.cents, 5 + round);
            }
            let taken = began.elapsed();
            assert!(taken <= Duration::from_secs(7), "{how:?}: {taken:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_deleted_is_passed_over() {
    for how in [How::Fails, How::Hangs] {
        let (_, store, snapshots) = every_event(5).await;
        let mut foreign = super::saved(&snapshots).await.unwrap();
        foreign.version = v(99);
        snapshots.save_snapshot(foreign).await.unwrap();
        let mut faulty = Faulty::new(snapshots);
        faulty.delete = how;
        let policy = SnapshotPolicy::every(1);
        let accounts = accounts(store).snapshots(faulty, policy);
        let deposit = accounts.execute(ID, Deposit(1));
        let done = deposit.timeout(Duration::from_millis(500)).await.unwrap();
        assert_eq!(done.state.cents, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_where_saving_hangs() {
    let mut faulty = Faulty::new(MemoryStore::new());
    faulty.save = How::Hangs;
    let policy = SnapshotPolicy::every(1);
    let accounts = accounts(MemoryStore::new()).snapshots(faulty, policy);
    for id in ["1", "2"] {
        accounts.execute(id, Deposit(1)).await.unwrap();
    }
    let flushed = tokio::time::timeout(Duration::from_secs(3600), accounts.flush_snapshots());
    flushed.await.expect("every wait has an end");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_queue_is_dropped() {
    let mut faulty = Faulty::new(MemoryStore::new());
    faulty.save = How::Fails;
    let asked = faulty.asked.clone();
    let policy = SnapshotPolicy::every(1).queue(2);
    let accounts = accounts(MemoryStore::new()).snapshots(faulty, policy);
    // Nothing yields to the writer's task, as where all threads are busy.
    for id in 0..100 {
        at_once(accounts.execute(&id.to_string(), Deposit(1))).unwrap();
    }
    accounts.flush_snapshots().await;
    assert_eq!(*asked.lock().unwrap(), 2);
    // What failed or was dropped is made up for later.
    accounts.execute("99", Deposit(1)).await.unwrap();
    accounts.flush_snapshots().await;
    assert_eq!(*asked.lock().unwrap(), 3);
}

#[tokio::test]
async fn a_hot_aggregate_waits_in_the_queue_once() {
    let faulty = Faulty::new(MemoryStore::new());
    let asked = faulty.asked.clone();
    let policy = SnapshotPolicy::every(1);
    let store = ScriptedStore::new(MemoryStore::new());
    let accounts = accounts(store).snapshots(faulty, policy);
    for _ in 0..20 {
        at_once(accounts.execute(ID, Deposit(1))).unwrap();
    }
    accounts.flush_snapshots().await;
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[test]
fn snapshots_go_on_where_the_runtime_of_the_first_has_ended() {
    let snapshots = MemoryStore::new();
    let policy = SnapshotPolicy::every(1);
    let accounts = accounts(MemoryStore::new()).snapshots(snapshots.clone(), policy);
    for round in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            accounts.execute(ID, Deposit(1)).await.unwrap();
            accounts.flush_snapshots().await;
            let saved = super::saved(&snapshots).await.unwrap();
            assert_eq!(saved.version, v(round));
        });
    }
}

#[tokio::test]
async fn a_queue_without_an_end_has_one() {
    let store = MemoryStore::new();
    let policy = SnapshotPolicy::every(1).queue(usize::MAX);
    assert_eq!(policy, SnapshotPolicy::every(1).queue(65_536));
    let accounts = accounts(store.clone()).snapshots(store.clone(), policy);
    accounts.execute(ID, Deposit(1)).await.unwrap();
    accounts.flush_snapshots().await;
    assert_eq!(super::saved(&store).await.unwrap().version, v(1));
}

/// A state that cannot be cloned at one of its versions.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Fragile {
    events: u64,
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert_ne!(self.events, 1, "this one is not cloned");
        Self { events: self.events }
    }
}

impl Aggregate for Fragile {
    const CATEGORY: &'static str = "account";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, _: &AccountEvent) {
        self.events += 1;
    }
}

#[tokio::test]
async fn a_clone_that_panics_fails_no_command_and_ends_no_snapshots() {
    let (logs, _guard) = crate::logs::Logs::capture();
    let store = MemoryStore::new();
    let policy = SnapshotPolicy::every(1);
    let fragile = Repository::<Fragile>::new(store.clone()).snapshots(store.clone(), policy);
    fragile.update(ID, |_| deposited(1)).await.unwrap();
    fragile.flush_snapshots().await;
    assert_eq!(super::saved(&store).await, None);
    assert!(logs.warnings()[0].contains("cloning the state panicked"));
    fragile.update(ID, |_| deposited(1)).await.unwrap();
    fragile.flush_snapshots().await;
    assert_eq!(super::saved(&store).await.unwrap().version, v(2));
}
