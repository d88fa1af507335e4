//! Appends that fail, and the calls that were decided behind them.

use annals::Retry;

use super::*;

#[tokio::test]
async fn a_refusal_on_a_base_that_fails_is_decided_again_and_may_succeed() {
    let (accounts, gate, _) = gated(3).await;
    let first = withdraw(&accounts, 3);
    let second = withdraw(&accounts, 3);
    settle().await;
    assert_eq!(gate.waiting(), [3]);
    gate.refuse();
    gate.pass_all().await;
    first.await.unwrap().unwrap_err();
    assert_eq!(second.await.unwrap().unwrap().state.cents, 0);
    assert_left(&accounts);
}

#[tokio::test]
async fn a_failed_base_makes_the_followers_decide_again_and_none_is_lost_or_doubled() {
    let (accounts, gate, store) = gated(0).await;
    let mut calls: Vec<_> = (0..8).map(|at| deposit(&accounts, 1 << at)).collect();
    settle().await;
    gate.refuse();
    gate.pass_all().await;
    calls.remove(0).await.unwrap().unwrap_err();
    for call in calls {
        // Each may be retried never: that its base has failed is no attempt.
        call.await.unwrap().unwrap();
    }
    assert_eq!(replayed(&gate.store).await.cents, 255 - 1);
    assert_eq!(log_of(&gate.store).await.len(), 7);
    let counts = store.take_counts();
    assert_eq!(counts.appends, 8 + 7);
    assert!(counts.reads <= 2, "{} reads: one reads for all", counts.reads);
    assert_left(&accounts);
}

#[tokio::test]
async fn whoever_stands_behind_many_failures_does_not_fail_with_them() {
    let (accounts, gate, _) = gated(0).await;
    let last = 30;
    let mut calls: Vec<_> = (0..=last).map(|_| deposit(&accounts, 1)).collect();
    settle().await;
    for call in calls.drain(..last) {
        gate.refuse();
        call.await.unwrap().unwrap_err();
        // What stood behind it has nothing to stand on.
        for _ in 0..gate.waiting().len() {
            gate.pass().await;
        }
        settle().await;
    }
    gate.pass_all().await;
    assert_eq!(calls.remove(0).await.unwrap().unwrap().version, v(1));
    assert_eq!(log_of(&gate.store).await.len(), 1);
}

#[tokio::test]
async fn a_conflict_with_another_process_counts_for_who_stood_on_what_is_committed() {
    let (ours, gate, _) = gated(3).await;
    let (first, second) = (deposit(&ours, 1), deposit(&ours, 2));
    settle().await;
    accounts(gate.store.clone()).execute(ID, Deposit(10)).await.unwrap();
    gate.pass_all().await;
    let first = first.await.unwrap().unwrap_err();
    assert!(matches!(first, ExecuteError::Conflict(_)), "{first:?}");
    let second = second.await.unwrap().unwrap();
    assert_eq!((second.version, second.state.cents), (v(5), 15));
}

#[tokio::test]
async fn a_base_in_doubt_is_appended_again_and_its_followers_take_what_comes() {
    for written in [false, true] {
        let (accounts, gate, _) = gated(0).await;
        let call = |cents| {
            let accounts = accounts.clone();
            let retry = Retry::attempts(9);
            tokio::spawn(async move { accounts.execute(ID, Deposit(cents)).retry(retry).await })
        };
        let calls: Vec<_> = [1, 10, 100].map(call).into();
        settle().await;
        gate.doubt(written).await;
        gate.pass_all().await;
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(replayed(&gate.store).await.cents, 111, "written: {written}");
        assert_eq!(log_of(&gate.store).await.len(), 3);
        assert_left(&accounts);
    }
}

#[tokio::test]
async fn a_key_repeated_inside_a_line_happens_once_and_harms_no_follower() {
    let (accounts, gate, _) = gated(0).await;
    let keyed = || {
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let call = accounts.execute(ID, Deposit(7)).idempotency_key(key("k"));
            call.retry(Retry::never()).await
        })
    };
    let (first, again) = (keyed(), keyed());
    let follower = deposit(&accounts, 1);
    settle().await;
    assert_eq!(gate.waiting(), [0, 1, 2]);
    gate.pass_all().await;
    let (first, again) = (first.await.unwrap().unwrap(), again.await.unwrap().unwrap());
    assert!(!first.repeated && again.repeated);
    assert_eq!((again.events, again.state), (first.events, first.state));
    let follower = follower.await.unwrap().unwrap();
    assert_eq!((follower.version, follower.state.cents), (v(2), 8));
    assert_left(&accounts);
}

#[tokio::test]
async fn a_panic_in_a_decision_or_a_fold_ends_that_call_alone() {
    let (accounts, gate, _) = gated(3).await;
    let first = deposit(&accounts, 1);
    let others = accounts.clone();
    let decide = tokio::spawn(async move {
        let call = others.update(ID, |_| -> AccountEvent { panic!("this decision panics") });
        call.await
    });
    let others = accounts.clone();
    // Folded, this would leave less than nothing.
    let fold = tokio::spawn(async move { others.update(ID, |_| withdrawn(1000)).await });
    settle().await;
    let last = deposit(&accounts, 5);
    settle().await;
    assert_eq!(gate.waiting().first(), Some(&3));
    gate.pass().await;
    gate.refuse();
    gate.pass_all().await;
    first.await.unwrap().unwrap();
    assert!(decide.await.unwrap_err().is_panic());
    fold.await.unwrap().unwrap_err();
    last.await.unwrap().unwrap();
    assert_eq!(replayed(&gate.store).await.cents, 9);
    assert_left(&accounts);
}
