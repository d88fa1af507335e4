//! Commands on one hot aggregate: decided in a line, ahead of their commits, and
//! withheld until these have come.

mod broken;
mod dropped;
mod gate;
mod properties;

use std::time::Duration;

use annals::testing::ScriptedStore;
use annals::{ExecuteError, Executed, Repository, Retry};
use tokio::task::JoinHandle;

use crate::support::*;
use gate::{Gate, settle};

type Outcome<E> = JoinHandle<Result<Executed<Account>, ExecuteError<E>>>;

/// A warm repository above a gate, the gate, and what is asked of the store.
async fn gated(version: u64) -> (Repository<Account>, Gate, ScriptedStore) {
    let gate = Gate::new(store_at(version).await);
    let store = ScriptedStore::new(gate.clone());
    let accounts = accounts(store.clone()).cache(8);
    accounts.load(ID).await.unwrap();
    let _ = store.take_counts();
    (accounts, gate, store)
}

fn deposit(accounts: &Repository<Account>, cents: u64) -> Outcome<std::convert::Infallible> {
    let accounts = accounts.clone();
    tokio::spawn(async move { accounts.execute(ID, Deposit(cents)).retry(Retry::never()).await })
}

fn withdraw(accounts: &Repository<Account>, cents: u64) -> Outcome<Overdrawn> {
    let accounts = accounts.clone();
    tokio::spawn(async move { accounts.execute(ID, Withdraw(cents)).retry(Retry::never()).await })
}

/// No call is under way any more, and nothing of any has stayed.
fn assert_left(accounts: &Repository<Account>) {
    let text = format!("{accounts:?}");
    assert!(text.contains("lines: Some(0)"), "{text}");
}

#[tokio::test]
async fn commands_are_decided_in_order_and_handed_over_without_waiting_for_the_commit() {
    let (accounts, gate, store) = gated(0).await;
    let calls: Vec<_> = (1..=16).map(|cents| deposit(&accounts, cents)).collect();
    settle().await;
    assert_eq!(gate.waiting(), (0..16).collect::<Vec<_>>());
    assert!(calls.iter().all(|call| !call.is_finished()), "no result without its commit");
    gate.pass_all().await;
    for (call, version) in calls.into_iter().zip(1..) {
        let done = call.await.unwrap().unwrap();
        assert_eq!((done.version, done.state.events), (v(version), version));
        assert_eq!(done.state.cents, version * (version + 1) / 2);
    }
    let counts = store.take_counts();
    assert_eq!((counts.appends, counts.reads, counts.heads), (16, 0, 0));
    assert_left(&accounts);
}

#[tokio::test]
async fn each_result_comes_with_its_own_commit() {
    let (accounts, gate, _) = gated(0).await;
    let calls: Vec<_> = (0..4).map(|_| deposit(&accounts, 1)).collect();
    settle().await;
    for passed in 1..=4 {
        gate.pass().await;
        settle().await;
        assert_eq!(calls.iter().filter(|call| call.is_finished()).count(), passed);
    }
}

#[tokio::test]
async fn a_refusal_is_withheld_until_what_it_rests_on_has_committed() {
    let (accounts, gate, _) = gated(3).await;
    let first = deposit(&accounts, 2);
    let refused = withdraw(&accounts, 9);
    settle().await;
    assert!(!refused.is_finished());
    gate.pass_all().await;
    first.await.unwrap().unwrap();
    let refused = refused.await.unwrap().unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 4 }));
    assert_left(&accounts);
}

#[tokio::test]
async fn a_decision_of_nothing_is_withheld_too_and_its_token_is_of_the_commit() {
    let (accounts, gate, _) = gated(3).await;
    let first = deposit(&accounts, 2);
    let nothing = deposit(&accounts, 0);
    settle().await;
    assert!(!nothing.is_finished());
    gate.pass_all().await;
    let (first, nothing) = (first.await.unwrap().unwrap(), nothing.await.unwrap().unwrap());
    assert_eq!((nothing.version, nothing.state.cents), (v(4), 5));
    assert_eq!(nothing.token, first.token);
    assert!(nothing.events.is_empty());
}

#[tokio::test]
async fn a_refusal_behind_an_append_of_its_own_time_asks_the_log_nothing() {
    let (accounts, gate, store) = gated(3).await;
    // It is decided last, and was there first: the other call comes while its
    // key is looked up, as it were.
    let mut nested = None;
    let call = accounts.update(ID, |account| {
        if nested.is_none() {
            nested = Some((deposit(&accounts, 1), withdraw(&accounts, 100 + account.cents)));
        }
        deposited(1)
    });
    let (done, ()) = tokio::join!(call.into_future(), gate.pass_all());
    done.unwrap();
    let (deposit, refused) = nested.unwrap();
    deposit.await.unwrap().unwrap();
    refused.await.unwrap().unwrap_err();
    assert!(store.take_counts().heads <= 1);
}

#[tokio::test]
async fn a_refusal_behind_an_answer_that_came_late_sees_what_others_wrote_meanwhile() {
    let (ours, gate, _) = gated(3).await;
    let first = deposit(&ours, 2);
    settle().await;
    let answer = gate.write().await;
    // Another process writes behind it and is done, and only then we begin.
    accounts(gate.store.clone()).execute(ID, Deposit(100)).await.unwrap();
    let withdrawn = withdraw(&ours, 105);
    settle().await;
    answer();
    gate.pass_all().await;
    first.await.unwrap().unwrap();
    assert_eq!(withdrawn.await.unwrap().unwrap().state.cents, 0);
}

#[tokio::test]
async fn uncommitted_state_is_neither_loaded_nor_cached() {
    let (accounts, gate, store) = gated(3).await;
    let call = deposit(&accounts, 100);
    settle().await;
    let other = accounts.clone();
    assert_eq!(other.load(ID).await.unwrap().state.cents, 3);
    // An uncommitted state in the cache would have to be discarded here.
    assert_eq!(store.take_counts().reads, 0);
    gate.refuse();
    call.await.unwrap().unwrap_err();
    assert_eq!(accounts.load(ID).await.unwrap().state.cents, 3);
    let refused = withdraw(&accounts, 4).await.unwrap().unwrap_err();
    assert_eq!(refused.refusal(), Some(&Overdrawn { missing: 1 }));
    assert_left(&accounts);
}

#[tokio::test]
async fn an_explicit_expected_version_neither_joins_nor_retries() {
    let (accounts, gate, _) = gated(3).await;
    let first = deposit(&accounts, 1);
    settle().await;
    let others = accounts.clone();
    let expecting = tokio::spawn(async move {
        let call = others.execute(ID, Deposit(50)).expected_version(v(3));
        call.await
    });
    settle().await;
    let follower = deposit(&accounts, 1);
    settle().await;
    assert_eq!(gate.waiting(), [3, 3, 4]);
    gate.pass_all().await;
    assert_eq!(first.await.unwrap().unwrap().version, v(4));
    let failed = expecting.await.unwrap().unwrap_err();
    assert!(matches!(failed, ExecuteError::VersionMismatch(_)), "{failed:?}");
    assert_eq!(follower.await.unwrap().unwrap().version, v(5));
}

#[tokio::test]
async fn a_line_has_256_calls_and_the_others_wait() {
    let (accounts, gate, store) = gated(0).await;
    let calls: Vec<_> = (0..300).map(|_| deposit(&accounts, 1)).collect();
    settle().await;
    assert_eq!(gate.waiting().len(), 256);
    gate.pass().await;
    settle().await;
    assert_eq!(gate.waiting().last(), Some(&256));
    gate.pass_all().await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(store.take_counts().appends, 300);
    assert_left(&accounts);
}

#[tokio::test(start_paused = true)]
async fn every_wait_in_a_line_ends_at_the_deadline() {
    let (accounts, gate, _) = gated(0).await;
    let mut calls: Vec<_> = (0..255).map(|_| deposit(&accounts, 1)).collect();
    settle().await;
    let short = || {
        let accounts = accounts.clone();
        let time = Duration::from_secs(2);
        async move { accounts.execute(ID, Withdraw(1000)).timeout(time).await }
    };
    let began = tokio::time::Instant::now();
    let late = short().await.unwrap_err();
    assert!(matches!(late, ExecuteError::DeadlineExceeded), "no commit: {late:?}");
    calls.push(deposit(&accounts, 1));
    settle().await;
    let late = short().await.unwrap_err();
    assert!(matches!(late, ExecuteError::DeadlineExceeded), "no room: {late:?}");
    assert_eq!(began.elapsed(), Duration::from_secs(4));
    gate.pass_all().await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_left(&accounts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_no_append_of_a_line_conflicts() {
    let (accounts, gate, store) = gated(0).await;
    let serving = tokio::spawn(gate.clone().serve());
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let accounts = accounts.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    accounts.execute(ID, Deposit(1)).retry(Retry::never()).await.unwrap();
                    let refused = accounts.execute(ID, Withdraw(1000)).await.unwrap_err();
                    assert!(refused.refusal().is_some_and(|refusal| refusal.missing < 1000));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    serving.abort();
    assert_eq!(replayed(&gate.store).await.cents, 320);
    assert_eq!(store.take_counts().appends, 320);
    assert_left(&accounts);
}
