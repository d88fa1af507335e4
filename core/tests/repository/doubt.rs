//! Failures of the store, and answers that are lost.

use std::time::Duration;

use annals::testing::{Fault, ScriptedStore};
use annals::{At, ExecuteError, Retry};
use tokio::time::Instant;

use crate::support::*;

async fn scripted(faults: &[Fault]) -> ScriptedStore {
    let store = ScriptedStore::new(store_at(2).await);
    for fault in faults {
        store.fail(*fault);
    }
    store
}

#[tokio::test(start_paused = true)]
async fn doubt_resolves_to_exactly_one_write() {
    use Fault::{Transient, UnknownUnwritten, UnknownWritten};
    let scripts: [&[Fault]; 6] = [
        &[UnknownWritten],
        &[UnknownUnwritten],
        &[UnknownUnwritten, UnknownWritten],
        &[UnknownWritten, UnknownUnwritten, UnknownWritten],
        &[UnknownWritten, Transient, UnknownUnwritten, Transient],
        &[Transient, Transient, UnknownWritten],
    ];
    for (script, cached) in scripts.into_iter().flat_map(|s| [(s, false), (s, true)]) {
        let store = scripted(script).await;
        let mut accounts = accounts(store.clone());
        if cached {
            accounts = accounts.cache(8);
            accounts.load(ID).await.unwrap();
        }
        let done = accounts.execute(ID, Deposit(5)).await.unwrap();
        assert_eq!((done.state.cents, done.version), (7, v(3)), "{script:?}");
        assert!(!done.repeated, "the caller has not repeated anything");
        let log = log_of(&store).await;
        assert_eq!(log.len(), 3, "{script:?}");
        assert_eq!(log[2].id, done.events[0].id);
        assert_eq!(log[2].recorded_at, done.events[0].recorded_at);
        assert_eq!(store.take_counts().appends, script.len() + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn doubt_that_lasts_is_unknown_after_bounded_attempts() {
    for fault in [Fault::UnknownUnwritten, Fault::UnknownWritten] {
        let store = scripted(&[fault; 20]).await;
        let accounts = accounts(store.clone()).retry(Retry::attempts(4));
        let failed = accounts.execute(ID, Deposit(5)).await.unwrap_err();
        assert!(matches!(failed, ExecuteError::Unknown(_)), "{failed:?}");
        assert!(!failed.is_transient(), "it may not be repeated blindly");
        assert_eq!(store.take_counts().appends, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_retried_and_a_permanent_one_is_not() {
    let store = scripted(&[Fault::Transient, Fault::Transient]).await;
    let done = accounts(store.clone()).execute(ID, Deposit(5)).await;
    assert_eq!(done.unwrap().state.cents, 7);
    assert_eq!(store.take_counts().appends, 3);

    let store = scripted(&[Fault::Permanent]).await;
    let failed = accounts(store.clone()).execute(ID, Deposit(5)).await;
    let failed = failed.unwrap_err();
    assert!(matches!(failed, ExecuteError::Store(_)), "{failed:?}");
    assert!(!failed.is_transient());
    assert_eq!(store.take_counts().appends, 1);
    assert_eq!(log_of(&store).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn transient_failures_that_last_end_as_a_failure_without_doubt() {
    let store = scripted(&[Fault::Transient; 20]).await;
    let accounts = accounts(store.clone()).retry(Retry::attempts(3));
    let failed = accounts.execute(ID, Deposit(5)).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Store(_)), "{failed:?}");
    assert!(failed.is_transient());
    assert_eq!(log_of(&store).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_append_that_never_answers_is_unknown_in_bounded_time() {
    let store = scripted(&[Fault::Hangs]).await;
    let began = Instant::now();
    let accounts = accounts(store);
    let call = accounts.execute(ID, Deposit(5));
    let failed = call.timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Unknown(_)), "{failed:?}");
    let taken = began.elapsed();
    assert_eq!(taken, Duration::from_secs(3), "neither earlier nor later than was said");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_but_in_time_is_taken() {
    let store = scripted(&[Fault::Slow(Duration::from_secs(2))]).await;
    let accounts = accounts(store);
    let call = accounts.execute(ID, Deposit(5));
    let done = call.timeout(Duration::from_secs(3)).await.unwrap();
    assert_eq!(done.state.cents, 7);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_append_means_that_nothing_was_written() {
    let store = scripted(&[]).await;
    let accounts = accounts(store.clone());
    let deposit = || accounts.execute(ID, Deposit(5));
    let zero = deposit().timeout(Duration::ZERO).await.unwrap_err();
    assert!(matches!(zero, ExecuteError::DeadlineExceeded), "{zero:?}");
    let past = Instant::now() - Duration::from_secs(9);
    let past = deposit().deadline(past).await.unwrap_err();
    assert!(matches!(past, ExecuteError::DeadlineExceeded), "{past:?}");
    assert!(past.is_transient());
    // The store is told a deadline a little earlier, so that its answer is
    // heard when it is slow.
    store.fail(Fault::Slow(Duration::from_millis(2_800)));
    let slow = deposit().timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(matches!(slow, ExecuteError::DeadlineExceeded), "{slow:?}");
    assert_eq!(log_of(&store).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn doubt_and_then_the_deadline_is_still_doubt() {
    let slow = Fault::Slow(Duration::from_millis(3_500));
    for lost in [Fault::UnknownWritten, Fault::UnknownUnwritten] {
        let store = scripted(&[lost, slow]).await;
        let accounts = accounts(store);
        let call = accounts.execute(ID, Deposit(5));
        let failed = call.timeout(Duration::from_secs(3)).await.unwrap_err();
        assert!(matches!(failed, ExecuteError::Unknown(_)), "{failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn doubt_and_then_a_permanent_failure_is_still_doubt() {
    let store = scripted(&[Fault::UnknownWritten, Fault::Permanent]).await;
    let failed = accounts(store).execute(ID, Deposit(5)).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Unknown(_)), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_script_cannot_deny_what_is_written() {
    let conflict = Fault::Conflict { actual: v(0) };
    for lie in [conflict, Fault::Diverged] {
        let store = scripted(&[Fault::UnknownWritten, lie]).await;
        let done = accounts(store.clone()).execute(ID, Deposit(5)).await.unwrap();
        assert_eq!(log_of(&store).await[2].id, done.events[0].id, "{lie:?}");
        assert_eq!(log_of(&store).await.len(), 3, "{lie:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn doubt_and_then_a_conflict_is_decided_again_and_written_once() {
    // The conflict is the store's word that the first try was not written and
    // cannot be any more: another event stands in its place.
    let inner = store_at(2).await;
    let store = ScriptedStore::new(inner.clone());
    store.fail(Fault::UnknownUnwritten);
    let theirs = accounts(inner.clone());
    let ours = accounts(store);
    let mut first = true;
    let done = ours.update(ID, |_| {
        if std::mem::take(&mut first) {
            at_once(theirs.execute(ID, Deposit(100))).unwrap();
        }
        deposited(5)
    });
    assert_eq!(done.await.unwrap().state.cents, 107);
    assert_eq!(log_of(&inner).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_for_a_moment_is_made_again() {
    let store = scripted(&[]).await;
    let accounts = accounts(store.clone());
    store.fail_reads(2);
    assert_eq!(accounts.load(ID).await.unwrap().state.cents, 2);
    store.fail_reads(2);
    assert_eq!(accounts.execute(ID, Deposit(5)).await.unwrap().state.cents, 7);
    store.fail_reads(2);
    let at = At::Version(v(1));
    assert_eq!(accounts.load_at(ID, at).await.unwrap().state.cents, 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_goes_on_failing_is_a_load_error_and_nothing_is_written() {
    let store = scripted(&[]).await;
    store.fail_reads(3);
    let accounts = accounts(store.clone()).retry(Retry::attempts(3));
    let failed = accounts.execute(ID, Deposit(5)).await.unwrap_err();
    assert!(matches!(failed, ExecuteError::Load(_)), "{failed:?}");
    assert!(failed.is_transient());
    assert_eq!(log_of(&store).await.len(), 2);
    accounts.execute(ID, Deposit(5)).await.unwrap();
}
