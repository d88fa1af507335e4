//! Idempotency keys: whatever is repeated happens once, and the first outcome
//! is the answer.

use annals::testing::ScriptedStore;
use annals::{AppendError, ExecuteError, Executed, Repository, SnapshotPolicy, SnapshotStore};
use annals_memory::MemoryStore;

use crate::support::*;

/// Repositories of every kind over one store; the cached ones are warm.
async fn kinds(store: &MemoryStore) -> Vec<Repository<Account>> {
    let plain = accounts(store.clone());
    let cached = plain.clone().cache(8);
    let both = cached.clone().snapshots(store.clone(), SnapshotPolicy::every(1));
    cached.load(ID).await.unwrap();
    both.load(ID).await.unwrap();
    vec![plain, cached, both]
}

#[track_caller]
fn is_first(outcome: &Executed<Account>, first: &Executed<Account>) {
    assert!(outcome.repeated);
    assert_eq!(outcome.state, first.state);
    assert_eq!(outcome.version, first.version);
    assert_eq!(outcome.events, first.events);
    assert_eq!(outcome.token, first.token);
}

#[tokio::test]
async fn the_same_key_three_times_has_one_effect_on_state_log_snapshot_and_cache() {
    let store = store_at(3).await;
    for (accounts, name) in kinds(&store).await.iter().zip(["a", "b", "c"]) {
        let before = log_of(&store).await.len();
        let deposit = || accounts.execute(ID, Deposit(100)).idempotency_key(key(name));
        let first = deposit().await.unwrap();
        assert!(!first.repeated);
        for _ in 0..2 {
            is_first(&deposit().await.unwrap(), &first);
        }
        assert_eq!(log_of(&store).await.len(), before + 1);
        accounts.flush_snapshots().await;
        let loaded = accounts.load(ID).await.unwrap();
        assert_eq!(loaded.state, replayed(&store).await);
        assert_eq!(loaded.state, first.state);
    }
    let snapshot = store.load_snapshot(&stream()).await.unwrap().unwrap();
    assert_eq!(snapshot.version, v(6));
}

#[tokio::test]
async fn a_repeat_after_later_events_is_answered_as_of_then() {
    let store = store_at(3).await;
    for (accounts, name) in kinds(&store).await.iter().zip(["a", "b", "c"]) {
        let deposits =
            || accounts.update(ID, |_| [deposited(7), deposited(8)]).idempotency_key(key(name));
        let first = deposits().await.unwrap();
        for _ in 0..5 {
            accounts.execute(ID, Deposit(1000)).await.unwrap();
        }
        let before = log_of(&store).await.len();
        is_first(&deposits().await.unwrap(), &first);
        assert_eq!(log_of(&store).await.len(), before);
        // The old state went neither into the cache nor into a snapshot.
        accounts.flush_snapshots().await;
        assert_eq!(accounts.load(ID).await.unwrap().version, v(before as u64));
        let done = accounts.execute(ID, Deposit(0)).await.unwrap();
        assert_eq!(done.state, replayed(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_key_by_fifty_tasks_has_one_effect() {
    let store = store_at(3).await;
    for (accounts, name) in kinds(&store).await.iter().zip(["a", "b", "c"]) {
        let before = replayed(&store).await;
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let accounts = accounts.clone();
                tokio::spawn(async move {
                    let deposit = accounts.execute(ID, Deposit(100));
                    deposit.idempotency_key(key(name)).await.unwrap()
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        let new = |outcome: &&Executed<Account>| !outcome.repeated;
        assert_eq!(outcomes.iter().filter(new).count(), 1);
        let token = &outcomes[0].token;
        assert!(outcomes.iter().all(|outcome| outcome.token == *token));
        let after = replayed(&store).await;
        assert_eq!(after.cents, before.cents + 100);
        assert_eq!(accounts.load(ID).await.unwrap().state, after);
    }
}

/// What a repeat meets while the first call is on its way: the key is not known
/// when it asks, and the first call is written before it loads.
async fn overtaken(store: &MemoryStore) -> Repository<Account> {
    let first = accounts(store.clone());
    let overtaking = crate::wrap::BeforeRead::new(store.clone(), move || {
        let all = first.execute(ID, Withdraw(3)).idempotency_key(key("all"));
        at_once(all).unwrap();
    });
    accounts(overtaking)
}

#[tokio::test]
async fn a_repeat_that_is_overtaken_by_the_first_call_is_not_refused() {
    let store = store_at(3).await;
    let late = overtaken(&store).await;
    // Alone it would be refused: nothing is left on the account.
    let done = late.execute(ID, Withdraw(3)).idempotency_key(key("all"));
    let done = done.await.unwrap();
    assert!(done.repeated);
    assert_eq!((done.state.cents, done.version), (0, v(4)));
    assert_eq!(log_of(&store).await.len(), 4);
}

#[tokio::test]
async fn a_repeat_that_is_overtaken_returns_the_first_outcome_where_it_decides_nothing() {
    let store = store_at(3).await;
    let late = overtaken(&store).await;
    let all = |account: &Account| (account.cents > 0).then(|| withdrawn(account.cents));
    let done = late.update(ID, all).idempotency_key(key("all"));
    let done = done.await.unwrap();
    assert!(done.repeated);
    assert_eq!(done.events.len(), 1);
}

#[tokio::test]
async fn a_repeat_that_is_overtaken_has_no_conflict_with_itself() {
    let store = store_at(3).await;
    let late = overtaken(&store).await;
    let done = late.execute(ID, Withdraw(3)).idempotency_key(key("all"));
    let done = done.expected_version(v(3)).await.unwrap();
    assert!(done.repeated);
    assert_eq!(done.version, v(4));
}

#[tokio::test]
async fn the_same_key_for_another_command_is_refused() {
    let store = store_at(3).await;
    for (accounts, name) in kinds(&store).await.iter().zip(["a", "b", "c"]) {
        let before = log_of(&store).await.len();
        let deposit = |cents| {
            let key = key(name).for_command("deposit", &Deposit(cents)).unwrap();
            accounts.execute(ID, Deposit(cents)).idempotency_key(key)
        };
        deposit(1).await.unwrap();
        let failed = deposit(2).await.unwrap_err();
        let ExecuteError::KeyReused { stream: of } = &failed else { panic!("{failed:?}") };
        assert_eq!(*of, stream());
        assert!(!failed.is_transient());
        assert!(deposit(1).await.unwrap().repeated);
        assert_eq!(log_of(&store).await.len(), before + 1);
    }
}

#[tokio::test]
async fn a_refusal_consumes_no_key() {
    let store = store_at(3).await;
    let accounts = accounts(store.clone());
    let withdraw = || accounts.execute(ID, Withdraw(5)).idempotency_key(key("w"));
    let refused = withdraw().await.unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 2 }));
    accounts.execute(ID, Deposit(2)).await.unwrap();
    let done = withdraw().await.unwrap();
    assert!(!done.repeated);
    assert_eq!(done.state.cents, 0);
}

#[tokio::test]
async fn a_decision_of_nothing_consumes_no_key() {
    let store = store_at(3).await;
    let accounts = accounts(store.clone());
    let mut cents = 0;
    let nothing = accounts.execute(ID, Deposit(cents)).idempotency_key(key("d"));
    assert!(!nothing.await.unwrap().repeated);
    cents += 1;
    let done = accounts.execute(ID, Deposit(cents)).idempotency_key(key("d"));
    let done = done.await.unwrap();
    assert!(!done.repeated);
    assert_eq!(done.version, v(4));
}

#[tokio::test]
async fn a_key_is_of_one_aggregate_and_not_of_its_neighbours() {
    let accounts = accounts(MemoryStore::new());
    for id in ["1", "2"] {
        let done = accounts.execute(id, Deposit(1)).idempotency_key(key("d"));
        assert!(!done.await.unwrap().repeated);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_resolves_doubt_across_calls() {
    use annals::testing::Fault;
    let store = ScriptedStore::new(store_at(3).await);
    let accounts = accounts(store.clone()).retry(annals::Retry::never());
    let deposit = || accounts.execute(ID, Deposit(1)).idempotency_key(key("d"));
    for fault in [Fault::UnknownUnwritten, Fault::UnknownWritten] {
        store.fail(fault);
        let failed = deposit().await.unwrap_err();
        assert!(matches!(failed, ExecuteError::Unknown(_)), "{failed:?}");
    }
    let done = deposit().await.unwrap();
    assert!(done.repeated);
    assert_eq!(log_of(&store).await.len(), 4);
}

#[tokio::test]
async fn a_stale_expected_version_does_not_hide_the_first_outcome() {
    let accounts = accounts(store_at(3).await);
    let deposit = || {
        let deposit = accounts.execute(ID, Deposit(1));
        deposit.idempotency_key(key("d")).expected_version(v(3))
    };
    deposit().await.unwrap();
    assert!(deposit().await.unwrap().repeated);
}

#[tokio::test]
async fn the_store_knows_a_key_only_with_its_stream() {
    use annals::EventStore;
    let store = store_at(0).await;
    let key = key("d").with_fingerprint(1);
    let accounts = accounts(store.clone());
    let deposit = accounts.execute(ID, Deposit(1)).idempotency_key(key.clone());
    deposit.await.unwrap();
    let other = key.clone().with_fingerprint(2);
    let reused = store.outcome(&stream(), &other).await;
    assert!(matches!(reused, Err(AppendError::KeyReused { .. })));
    assert!(store.outcome(&stream(), &key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_repeat_reads_the_stream_once() {
    let store = ScriptedStore::new(store_at(5).await);
    let accounts = accounts(store.clone());
    let two = || accounts.update(ID, |_| [deposited(1), deposited(2)]).idempotency_key(key("k"));
    let first = two().await.unwrap();
    accounts.execute(ID, Deposit(1)).await.unwrap();
    let _ = store.take_counts();
    let again = two().await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.events, again.state, again.version), (first.events, first.state, v(7)));
    let counts = store.take_counts();
    assert_eq!((counts.reads, counts.events), (1, 7));
}
