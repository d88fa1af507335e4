//! The cache: never slower, never wrong.

use annals::testing::{Fault, ScriptedStore};
use annals::{Aggregate, ExecuteError, Repository, Retry};
use annals_memory::MemoryStore;

use crate::support::*;
use crate::wrap::Replaced;

/// A warm cached repository, the script of its store, and another writer.
async fn warm(version: u64) -> (Repository<Account>, ScriptedStore, Repository<Account>) {
    let inner = store_at(version).await;
    let store = ScriptedStore::new(inner.clone());
    let ours = accounts(store.clone()).cache(8);
    ours.load(ID).await.unwrap();
    let _ = store.take_counts();
    (ours, store, accounts(inner))
}

#[tokio::test]
async fn a_hot_aggregate_is_not_read_again() {
    let (ours, store, _) = warm(100).await;
    for _ in 0..10 {
        ours.execute(ID, Deposit(1)).await.unwrap();
    }
    let counts = store.take_counts();
    assert_eq!((counts.appends, counts.reads, counts.heads), (10, 0, 0));
    assert_eq!(ours.load(ID).await.unwrap().state.cents, 110);
    let counts = store.take_counts();
    assert_eq!((counts.reads, counts.heads), (0, 1), "load confirms the head");
}

#[tokio::test]
async fn a_load_sees_what_others_wrote() {
    let (ours, store, theirs) = warm(100).await;
    theirs.execute(ID, Deposit(7)).await.unwrap();
    let loaded = ours.load(ID).await.unwrap();
    assert_eq!((loaded.state.cents, loaded.version), (107, v(101)));
    // The last known event once more, to compare it, and the new one.
    assert_eq!(store.take_counts().events, 2);
}

#[tokio::test]
async fn a_refusal_on_stale_state_is_decided_again() {
    for retry in [Retry::default(), Retry::never()] {
        let (ours, _, theirs) = warm(3).await;
        theirs.execute(ID, Deposit(10)).await.unwrap();
        let done = ours.execute(ID, Withdraw(13)).retry(retry).await;
        assert_eq!(done.unwrap().state.cents, 0, "{retry:?}");
    }
}

#[tokio::test]
async fn a_refusal_on_confirmed_state_is_returned_after_one_look_at_the_head() {
    let (ours, store, _) = warm(3).await;
    let refused = ours.execute(ID, Withdraw(5)).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 2 }));
    let counts = store.take_counts();
    assert_eq!((counts.reads, counts.heads, counts.appends), (0, 1, 0));
}

#[tokio::test]
async fn a_refusal_names_the_newest_state_also_where_nothing_is_retried() {
    let (ours, _, theirs) = warm(3).await;
    theirs.execute(ID, Deposit(10)).await.unwrap();
    let refused = ours.execute(ID, Withdraw(20)).retry(Retry::never()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 7 }), "{refused:?}");
}

#[tokio::test]
async fn an_empty_decision_on_stale_state_is_decided_again() {
    let (ours, _, theirs) = warm(3).await;
    theirs.execute(ID, Withdraw(3)).await.unwrap();
    let mut seen = Vec::new();
    let once = ours.update(ID, |account| {
        seen.push(account.cents);
        (account.cents == 0).then(|| deposited(1))
    });
    let done = once.retry(Retry::never()).await.unwrap();
    assert_eq!((done.state.cents, done.events.len()), (1, 1));
    assert_eq!(seen, [3, 0]);
}

#[tokio::test]
async fn an_expected_version_ahead_of_the_cache_is_no_conflict() {
    for retry in [Retry::default(), Retry::never()] {
        let (ours, _, theirs) = warm(3).await;
        let done = theirs.execute(ID, Deposit(10)).await.unwrap();
        let deposit = ours.execute(ID, Deposit(1)).retry(retry);
        let done = deposit.expected_version(done.version).await;
        assert_eq!(done.unwrap().version, v(5), "{retry:?}");
    }
}

#[tokio::test]
async fn a_stale_expected_version_is_refused_where_the_cache_is_as_stale() {
    let (ours, _, theirs) = warm(3).await;
    theirs.execute(ID, Deposit(10)).await.unwrap();
    let failed = ours.execute(ID, Deposit(1)).expected_version(v(3)).await;
    let Err(ExecuteError::VersionMismatch(conflict)) = failed else { panic!("{failed:?}") };
    assert_eq!(conflict.actual, v(4));
}

#[tokio::test]
async fn a_conflict_on_cached_state_reads_only_what_is_missing() {
    let (ours, store, theirs) = warm(100).await;
    let two = theirs.update(ID, |_| [deposited(1), deposited(1)]);
    two.await.unwrap();
    let done = ours.execute(ID, Deposit(1)).await.unwrap();
    assert_eq!((done.state.cents, done.version), (103, v(103)));
    let counts = store.take_counts();
    assert_eq!((counts.appends, counts.reads, counts.events), (2, 1, 3));
}

#[tokio::test(start_paused = true)]
async fn uncommitted_state_never_enters() {
    let (ours, store, _) = warm(3).await;
    for fault in [
        Fault::Permanent,
        Fault::Transient,
        Fault::UnknownUnwritten,
        Fault::Conflict { actual: v(9) },
    ] {
        store.fail(fault);
        let failed = ours.execute(ID, Deposit(100)).retry(Retry::never()).await;
        failed.unwrap_err();
        let refused = ours.execute(ID, Withdraw(50)).await.unwrap_err();
        assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 47 }), "{fault:?}");
        assert_eq!(ours.load(ID).await.unwrap().state.cents, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_in_doubt_is_seen_by_the_next_call() {
    let (ours, store, _) = warm(3).await;
    store.fail(Fault::UnknownWritten);
    let failed = ours.execute(ID, Deposit(100)).retry(Retry::never()).await;
    failed.unwrap_err();
    let done = ours.execute(ID, Withdraw(103)).await.unwrap();
    assert_eq!((done.state.cents, done.version), (0, v(5)));
}

#[tokio::test]
async fn its_capacity_is_bounded_and_nothing_depends_on_it() {
    for capacity in [0, 1, 3] {
        let store = ScriptedStore::new(MemoryStore::new());
        let accounts = accounts(store.clone()).cache(capacity);
        for round in 1..=3 {
            for id in 0..50 {
                let done = accounts.execute(&id.to_string(), Deposit(1)).await.unwrap();
                assert_eq!(done.state.cents, round);
            }
        }
        let reads = store.take_counts().reads;
        assert!(reads >= 150 - 3 * capacity, "{reads} reads at {capacity}");
    }
}

#[tokio::test]
async fn a_cached_state_of_a_lost_history_is_discarded() {
    // (events in the new history, what the repository is asked)
    for events in [0u64, 2, 3, 4, 9] {
        let store = Replaced::new(store_at(3).await);
        let ours = accounts(store.clone()).cache(8);
        ours.execute(ID, Deposit(100)).await.unwrap();
        store.by(store_at(events).await);
        assert_eq!(ours.load(ID).await.unwrap().state.cents, events);

        let store = Replaced::new(store_at(3).await);
        let ours = accounts(store.clone()).cache(8);
        ours.execute(ID, Deposit(100)).await.unwrap();
        store.by(store_at(events).await);
        let refused = ours.execute(ID, Withdraw(1000)).await.unwrap_err();
        let missing = 1000 - events;
        assert_eq!(refused.refusal(), Some(&Overdrawn { missing }));
    }
}

#[tokio::test]
async fn a_conflict_with_a_new_history_starts_from_its_beginning() {
    // At version 4 of both histories no store could tell: a version is all that
    // an append compares.
    for events in [0u64, 2, 3, 5, 9] {
        let store = Replaced::new(store_at(3).await);
        let ours = accounts(store.clone()).cache(8);
        ours.execute(ID, Deposit(100)).await.unwrap();
        store.by(store_at(events).await);
        let done = ours.execute(ID, Deposit(1)).await.unwrap();
        assert_eq!(done.state.cents, events + 1);
        assert_eq!(done.version, v(events + 1));
        assert_eq!(ours.load(ID).await.unwrap().state, replayed(&store).await);
    }
}

#[tokio::test]
async fn a_state_with_gaps_is_not_handed_to_a_handle_that_wants_none() {
    let store = store_at(3).await;
    write_raw(&store, "account.frozen", 1, "{}").await;
    let strict = accounts(store.clone()).cache(8);
    let lenient = strict.clone().skip_unknown_events();
    assert_eq!(lenient.load(ID).await.unwrap().version, v(4));
    assert!(matches!(strict.load(ID).await, Err(annals::LoadError::Decode(_))));
    let failed = strict.execute(ID, Deposit(1)).await;
    assert!(matches!(failed, Err(ExecuteError::Load(_))), "{failed:?}");
    assert_eq!(log_of(&store).await.len(), 4);
}

/// An aggregate whose clones are counted would need a global; that it is not
/// `Clone` is enough to show that no cache asks for nothing.
#[derive(Debug, Default)]
struct NoClone;

impl Aggregate for NoClone {
    const CATEGORY: &'static str = "noclone";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, _: &AccountEvent) {}
}

#[tokio::test]
async fn a_repository_without_a_cache_asks_for_no_clone() {
    let all = Repository::<NoClone>::new(MemoryStore::new());
    all.update(ID, |_| deposited(1)).await.unwrap();
    let _clone = all.clone();
}

#[tokio::test]
async fn events_that_cannot_be_stored_are_decided_again_where_the_cache_is_stale() {
    let (ours, _, theirs) = warm(0).await;
    ours.load(ID).await.unwrap();
    theirs.execute(ID, Deposit(4)).await.unwrap();
    // On the stale state this is an event too large to store.
    let done = ours.update(ID, |account| {
        if account.cents == 0 { vec![deposited(1); 5_000] } else { vec![deposited(1)] }
    });
    assert_eq!(done.await.unwrap().state.cents, 5);
}

#[tokio::test]
async fn a_clone_that_panics_does_not_hide_a_commit() {
    #[derive(Debug, Default)]
    struct Brittle(u64);
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            panic!("this Clone panics")
        }
    }
    impl Aggregate for Brittle {
        const CATEGORY: &'static str = "brittle";
        type Id = str;
        type Event = AccountEvent;
        fn evolve(&mut self, _: &AccountEvent) {
            self.0 += 1;
        }
    }
    let brittle = Repository::<Brittle>::new(MemoryStore::new()).cache(10);
    assert_eq!(brittle.update(ID, |_| deposited(1)).await.unwrap().version, v(1));
    assert_eq!(brittle.update(ID, |_| deposited(1)).await.unwrap().state.0, 2);
}
