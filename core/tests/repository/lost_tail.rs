//! A restore or a failover loses the tail of the log, and other writers grow a
//! new one while we hold what was lost.

use annals::testing::{Fault, ScriptedStore};
use annals::{ExecuteError, Repository, Retry, SnapshotPolicy};
use annals_memory::MemoryStore;

use crate::support::*;
use crate::wrap::Replaced;

/// The log begins anew, and others write so many deposits of 1.
fn lose(log: &Replaced, regrown: usize) {
    log.by(MemoryStore::new());
    for _ in 0..regrown {
        at_once(accounts(log.clone()).execute(ID, Deposit(1))).unwrap();
    }
}

/// What a process that begins now sees.
async fn truth(log: &Replaced) -> Account {
    accounts(log.clone()).load(ID).await.unwrap().state
}

#[tokio::test]
async fn a_cached_state_of_a_lost_tail_is_neither_decided_on_nor_saved() {
    for regrown in [0, 1, 2, 3] {
        let log = Replaced::new(MemoryStore::new());
        let snapshots = MemoryStore::new();
        let policy = SnapshotPolicy::every(1);
        let with = |accounts: Repository<Account>| accounts.snapshots(snapshots.clone(), policy);
        let ours = with(accounts(log.clone()).cache(10));
        ours.execute(ID, Deposit(1000)).await.unwrap();
        ours.flush_snapshots().await;
        lose(&log, regrown);
        let done = ours.update(ID, |account| deposited(account.cents + 5)).await.unwrap();
        ours.flush_snapshots().await;
        assert_eq!(done.state, truth(&log).await, "regrown to {regrown}");
        assert_eq!(done.state.cents, 2 * regrown as u64 + 5);
        let restarted = with(accounts(log.clone())).load(ID).await.unwrap();
        assert_eq!(restarted.state, done.state);
    }
}

#[tokio::test]
async fn a_tail_lost_between_load_and_append_is_noticed() {
    for regrown in [0, 1, 2, 5] {
        let log = Replaced::new(MemoryStore::new());
        let ours = accounts(log.clone());
        ours.execute(ID, Deposit(1000)).await.unwrap();
        let mut first = true;
        let done = ours.update(ID, |account| {
            if std::mem::take(&mut first) {
                lose(&log, regrown);
            }
            deposited(account.cents + 5)
        });
        assert_eq!(done.await.unwrap().state, truth(&log).await, "regrown to {regrown}");
        assert_eq!(truth(&log).await.cents, 2 * regrown as u64 + 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_reads_lag_behind_its_appends_is_asked_no_more_than_the_retries_say() {
    for attempts in [1usize, 2, 5] {
        let store = ScriptedStore::new(MemoryStore::new());
        accounts(store.clone()).execute(ID, Deposit(1)).await.unwrap();
        let _ = store.take_counts();
        (0..attempts).for_each(|_| store.fail(Fault::Diverged));
        let retry = Retry::attempts(u32::try_from(attempts).unwrap());
        let failed = accounts(store.clone()).execute(ID, Deposit(2)).retry(retry).await;
        assert!(matches!(failed, Err(ExecuteError::Store(_))), "{failed:?}");
        assert_eq!(store.take_counts().appends, attempts);
        // Where it passes in time, nothing is lost and nothing doubled.
        (1..attempts).for_each(|_| store.fail(Fault::Diverged));
        let done = accounts(store.clone()).execute(ID, Deposit(2)).retry(retry).await.unwrap();
        assert_eq!(done.state.cents, 3);
    }
}
