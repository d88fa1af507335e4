//! Fenced, and held: who may not commit, changes nothing.

use super::subject::{Feed, LONG, PAST_SHORT, SHORT, current, numbers, shown};
use super::{Models, ReadModelFixture};
use crate::ReadModelStore;
use crate::read_model::{CommitError, Step};
use std::time::Duration;

/// Fails unless this lease is of no use any more.
async fn assert_fenced<S: ReadModelStore>(feed: &Feed<S>) {
    let begun = feed.store.begin(&feed.lease).await.map(drop);
    assert!(matches!(begun, Err(CommitError::Fenced)), "{begun:?}");
    let resumed = feed.store.resume(&feed.lease).await;
    assert!(matches!(resumed, Err(CommitError::Fenced)), "{resumed:?}");
}

/// Commits a transaction that must be refused because of its lease. A store which has
/// ended the transaction meanwhile may find it broken.
async fn assert_refused<S: ReadModelStore>(feed: &Feed<S>, tx: S::Tx, step: &Step) {
    let refused = feed.store.commit(tx, step).await;
    let fenced = matches!(refused, Err(CommitError::Fenced | CommitError::Store(_)));
    assert!(fenced, "the lease is not in force: {refused:?}");
}

/// Even if nobody else has taken it.
pub async fn fence_keeps_out_whose_lease_ran_out<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], SHORT).await;
    let mut feed = models.feed(worker.lease().await);
    feed.put(1, &[("ada", 1)]).await;
    let tx = feed.saved(&[("ada", 2), ("bob", 2)]).await;
    models.pass(PAST_SHORT).await;
    assert_refused(&feed, tx, &feed.step(2)).await;
    assert_fenced(&feed).await;
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 1)]));
    let ledger = feed.store.ledger(&feed.unit()).await.expect("a ledger");
    assert_eq!(ledger.checkpoint, models.place(0, 1));
}

/// Its holder may have it back, as long as nobody has taken it.
pub async fn fence_opens_again_for_who_renews<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], SHORT).await;
    worker.lease().await;
    models.pass(PAST_SHORT).await;
    models.feed(worker.lease().await).put(1, &[("ada", 1)]).await;
}

/// The lease of another one is in force: the first one's is not, though it was paused in
/// the middle of a transaction, and its heartbeat does not bring it back.
pub async fn fence_keeps_out_whose_lease_was_taken_over<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let [first, second] =
        [models.worker(&[&model], SHORT).await, models.worker(&[&model], LONG).await];
    let mut paused = models.feed(first.lease().await);
    paused.put(1, &[("ada", 1)]).await;
    let tx = paused.saved(&[("ada", 2)]).await;
    models.pass(PAST_SHORT).await;

    let taken = second.lease().await;
    assert!(taken.token > paused.lease.token, "the token rises");
    let mut next = models.feed(taken);
    next.at = models.place(0, 1);
    assert_eq!(first.share().await.leases, [], "the unit is not its any more");
    assert_refused(&paused, tx, &paused.step(2)).await;
    assert_fenced(&paused).await;
    assert_eq!(shown(&*next.store, &current()).await, numbers(&[("ada", 1)]));
    next.put(2, &[("bob", 2)]).await;
    assert_eq!(shown(&*next.store, &current()).await, numbers(&[("ada", 1), ("bob", 2)]));
}

/// A lease that was handed over is not in force, and its token does not come back.
pub async fn fence_keeps_out_who_has_handed_over<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], LONG).await;
    let feed = models.feed(worker.lease().await);
    let tx = feed.saved(&[("ada", 1)]).await;
    worker.store.hand_over(std::slice::from_ref(&feed.lease)).await.expect("handed over");
    assert_refused(&feed, tx, &feed.step(1)).await;
    assert!(worker.lease().await.token > feed.lease.token, "the token rises");
    assert_fenced(&feed).await;
    assert_eq!(shown(&*feed.store, &current()).await, []);
}

/// Who steps often needs no heartbeat.
pub async fn fence_moves_on_with_each_commit<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], Duration::from_secs(2)).await;
    let mut feed = models.feed(worker.lease().await);
    for position in 1..=2 {
        models.pass(Duration::from_millis(1_200)).await;
        feed.put(position, &[("ada", 1)]).await;
    }
}

/// A step from somewhere else than the unit stands is refused.
pub async fn fence_refuses_a_step_from_elsewhere<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    feed.put(3, &[("ada", 3)]).await;
    for from in [0, 2, 4] {
        feed.at = models.place(0, from);
        let moved = feed.try_put(from + 1, &[("ada", 0), ("bob", 0)]).await;
        assert!(matches!(moved, Err(CommitError::Moved)), "from {from}: {moved:?}");
    }
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 3)]));
    feed.at = models.place(0, 3);
    feed.put(4, &[("ada", 4)]).await;
}

/// Two steps of the same worker from the same place: one of them comes through.
pub async fn fence_lets_one_of_two_equal_steps_through<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    let step = feed.step(1);
    let [first, second] = [feed.saved(&[("ada", 1)]).await, feed.saved(&[("bob", 1)]).await];
    feed.commit(first, &step).await.expect("a commit");
    let again = feed.commit(second, &step).await;
    assert!(matches!(again, Err(CommitError::Moved)), "{again:?}");
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 1)]));
}
