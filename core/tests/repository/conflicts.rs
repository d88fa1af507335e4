//! Conflicts: decided again on fresh state, a bounded number of times.

use std::sync::atomic::{AtomicU32, Ordering};

use annals::testing::{Fault, ScriptedStore};
use annals::{At, Conflict, ExecuteError, ExpectedVersion, Retry};

use crate::support::*;

#[tokio::test]
async fn after_a_conflict_it_is_decided_again_on_what_the_others_wrote() {
    let store = store_at(3).await;
    let (ours, theirs) = (accounts(store.clone()), accounts(store.clone()));
    let mut seen = Vec::new();
    let done = ours.update(ID, |account| {
        seen.push(account.cents);
        if seen.len() == 1 {
            // The other writer comes between our load and our append.
            at_once(theirs.execute(ID, Deposit(10))).unwrap();
        }
        withdrawn(account.cents)
    });
    let done = done.await.unwrap();
    assert_eq!((done.state.cents, done.version), (0, v(5)));
    assert_eq!(seen, [3, 13]);
}

#[tokio::test]
async fn after_a_conflict_the_last_known_event_is_compared_and_only_what_is_behind_it_is_read() {
    let inner = store_at(50).await;
    let store = ScriptedStore::new(inner.clone());
    let (ours, theirs) = (accounts(store.clone()), accounts(inner));
    let mut first = true;
    let done = ours.update(ID, |_| {
        if std::mem::take(&mut first) {
            let two = theirs.update(ID, |_| [deposited(1), deposited(1)]);
            at_once(two).unwrap();
        }
        deposited(1)
    });
    done.await.unwrap();
    let counts = store.take_counts();
    assert_eq!(counts.appends, 2);
    assert_eq!((counts.reads, counts.events), (2, 50 + 1 + 2));
}

#[tokio::test]
async fn attempts_are_bounded_and_the_last_conflict_is_the_answer() {
    for attempts in [1u32, 2, 3, 7] {
        let store = ScriptedStore::new(store_at(4).await);
        for actual in 0..u64::from(attempts) + 5 {
            store.fail(Fault::Conflict { actual: v(100 + actual) });
        }
        let decided = AtomicU32::new(0);
        let accounts = accounts(store.clone()).retry(Retry::attempts(attempts));
        let failed = accounts.update(ID, |_| {
            decided.fetch_add(1, Ordering::Relaxed);
            deposited(1)
        });
        let failed = failed.await.unwrap_err();
        let ExecuteError::Conflict(conflict) = &failed else { panic!("{failed:?}") };
        assert_eq!(conflict.actual, v(100 + u64::from(attempts) - 1));
        assert_eq!(conflict.expected, ExpectedVersion::Exactly(v(4)));
        assert!(failed.is_transient());
        assert_eq!(decided.into_inner(), attempts);
        assert_eq!(log_of(&store).await.len(), 4);
    }
}

#[tokio::test]
async fn retry_never_returns_the_first_conflict_and_zero_attempts_count_as_one() {
    for retry in [Retry::never(), Retry::attempts(0), Retry::attempts(1)] {
        let store = ScriptedStore::new(store_at(1).await);
        store.fail(Fault::Conflict { actual: v(9) });
        let accounts = accounts(store.clone());
        let failed = accounts.execute(ID, Deposit(1)).retry(retry);
        let failed = failed.await.unwrap_err();
        assert!(matches!(failed, ExecuteError::Conflict(_)), "{failed:?}");
        assert_eq!(store.take_counts().appends, 1);
    }
}

#[tokio::test]
async fn the_settings_of_a_call_win_over_those_of_the_repository() {
    let store = ScriptedStore::new(store_at(1).await);
    let accounts = accounts(store.clone()).retry(Retry::never());
    store.fail(Fault::Conflict { actual: v(9) });
    let done = accounts.execute(ID, Deposit(1)).retry(Retry::attempts(2));
    done.await.unwrap();
    assert_eq!(store.take_counts().appends, 2);
}

#[tokio::test(start_paused = true)]
async fn delays_of_any_length_neither_panic_nor_outlast_the_deadline() {
    use std::time::Duration;
    let day = Duration::from_secs(86_400);
    for (shortest, longest) in [
        (Duration::MAX, Duration::MAX),
        (Duration::ZERO, Duration::ZERO),
        (day, Duration::ZERO),
        (Duration::ZERO, Duration::MAX),
    ] {
        let store = ScriptedStore::new(store_at(1).await);
        for _ in 0..100 {
            store.fail(Fault::Conflict { actual: v(9) });
        }
        let began = tokio::time::Instant::now();
        let accounts = accounts(store).retry(Retry::attempts(5).delays(shortest, longest));
        let failed = accounts.execute(ID, Deposit(1)).await.unwrap_err();
        assert!(matches!(failed, ExecuteError::Conflict(_)), "{failed:?}");
        assert!(began.elapsed() <= Duration::from_secs(31));
    }
}

#[tokio::test]
async fn an_expected_version_that_is_stale_is_refused_with_the_true_one_at_every_version() {
    for actual in [0u64, 9, 10, 99, 100] {
        let store = ScriptedStore::new(store_at(actual).await);
        let accounts = accounts(store.clone());
        for wrong in [actual + 1, actual.wrapping_sub(1), u64::from(u32::MAX)] {
            let mut decided = 0;
            let failed = accounts.update(ID, |_| {
                decided += 1;
                deposited(1)
            });
            let failed = failed.expected_version(v(wrong)).await.unwrap_err();
            assert!(!failed.is_transient(), "the same call would fail again");
            let ExecuteError::VersionMismatch(conflict) = failed else { panic!("{failed:?}") };
            let (stream, expected) = (stream(), v(wrong).into());
            let actual = v(actual);
            let truth = Conflict { stream, expected, actual };
            assert_eq!(conflict, truth);
            assert_eq!(decided, 0, "nothing is decided on another version");
        }
        assert_eq!(store.take_counts().appends, 0);
        let right = accounts.execute(ID, Deposit(1)).expected_version(v(actual));
        assert_eq!(right.await.unwrap().version, v(actual + 1));
    }
}

#[tokio::test]
async fn a_conflict_under_an_expected_version_is_not_retried() {
    let store = ScriptedStore::new(store_at(2).await);
    store.fail(Fault::Conflict { actual: v(3) });
    let accounts = accounts(store.clone());
    let failed = accounts.execute(ID, Deposit(1)).expected_version(v(2));
    let failed = failed.await.unwrap_err();
    assert!(matches!(failed, ExecuteError::VersionMismatch(_)), "{failed:?}");
    let counts = store.take_counts();
    assert_eq!((counts.appends, counts.reads), (1, 1));
    assert_eq!(log_of(&store).await.len(), 2);
}

#[tokio::test]
async fn no_stream_and_exists_are_checked_too() {
    let accounts = accounts(store_at(0).await);
    let deposit = || accounts.execute(ID, Deposit(1));
    let failed = deposit().expected_version(ExpectedVersion::Exists).await;
    assert!(matches!(failed, Err(ExecuteError::VersionMismatch(_))));
    let no_stream = deposit().expected_version(ExpectedVersion::NoStream);
    no_stream.await.unwrap();
    let failed = deposit().expected_version(ExpectedVersion::NoStream).await;
    assert!(matches!(failed, Err(ExecuteError::VersionMismatch(_))));
    let exists = deposit().expected_version(ExpectedVersion::Exists);
    exists.await.unwrap();
}

#[tokio::test]
async fn a_decision_on_an_old_state_is_refused_by_its_version() {
    let accounts = accounts(store_at(5).await);
    let old = accounts.load_at(ID, At::Version(v(3))).await.unwrap();
    assert_eq!(old.state.cents, 3);
    let failed = accounts.execute(ID, Deposit(1)).expected_version(old.version);
    let Err(ExecuteError::VersionMismatch(conflict)) = failed.await else {
        panic!("an old version must be refused")
    };
    assert_eq!(conflict.actual, v(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_tasks_on_one_aggregate_lose_nothing_and_double_nothing() {
    for cached in [false, true] {
        let store = store_at(0).await;
        let mut accounts = accounts(store.clone());
        if cached {
            accounts = accounts.cache(4);
        }
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let accounts = accounts.clone();
                tokio::spawn(async move {
                    let mut done = 0u64;
                    for _ in 0..20 {
                        match accounts.execute(ID, Deposit(1)).await {
                            Ok(_) => done += 1,
                            Err(ExecuteError::VersionMismatch(_)) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        assert!(done > 0);
        assert_eq!(replayed(&store).await.cents, done);
        let loaded = accounts.load(ID).await.unwrap();
        assert_eq!((loaded.state.cents, loaded.version), (done, v(done)));
    }
}
