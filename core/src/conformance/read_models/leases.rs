//! One holder, and a fair share of the work.

use std::collections::BTreeSet;

use super::subject::{LONG, PAST_SHORT, SHORT, Worker};
use super::{Models, ReadModelFixture};
use crate::conformance::tools::at_once;
use crate::read_model::{CommitError, Declaration, Handled, Report};
use crate::{Partition, Position, ReadModelStore};

/// Whoever races for the units: each has one holder.
pub async fn lease_is_given_to_one_of_many_at_once<F: ReadModelFixture>(models: Models<F>) {
    let model = models.over(1, 4);
    models.declare(&model).await;
    let mut workers = Vec::new();
    for _ in 0..6 {
        workers.push(std::sync::Arc::new(models.worker(&[&model], LONG).await));
    }
    let race = workers.iter().cloned().map(|worker| async move { worker.share().await });
    let shares = at_once(race).await;
    let held: Vec<_> = shares.iter().flat_map(|share| &share.leases).collect();
    let units: BTreeSet<_> = held.iter().map(|lease| &lease.unit).collect();
    assert_eq!(units.len(), held.len(), "each unit has one holder");
    let in_force = held.iter().map(|lease| models.store.resume(lease));
    for resumed in futures::future::join_all(in_force).await {
        resumed.expect("a lease that is in force");
    }
}

/// Workers come one by one and hand over: their shares differ by at most one.
pub async fn lease_shares_differ_by_at_most_one<F: ReadModelFixture>(models: Models<F>) {
    let model = models.over(1, 6);
    models.declare(&model).await;
    let mut workers: Vec<Worker<_>> = Vec::new();
    for count in 1..=4 {
        workers.push(models.worker(&[&model], LONG).await);
        for _ in 0..2 {
            for worker in &workers {
                worker.share_and_hand_over().await;
            }
        }
        let mut held = Vec::new();
        for worker in &workers {
            let share = worker.share().await;
            assert_eq!(share.surplus, [], "everything was handed over");
            held.push(share.leases.len());
        }
        let (most, least) = (held.iter().max(), held.iter().min());
        assert_eq!(held.iter().sum::<usize>(), 6, "every unit has a holder: {held:?}");
        assert!(most.zip(least).is_some_and(|(m, l)| m - l <= 1), "{count} workers: {held:?}");
    }
}

/// Nobody takes a lease that is in force, and the next one takes it when it has run out.
pub async fn lease_is_taken_over_when_it_has_run_out<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let first = models.worker(&[&model], SHORT).await;
    let second = models.worker(&[&model], LONG).await;
    let lost = first.lease().await;
    assert_eq!(second.share().await.leases, []);
    models.pass(PAST_SHORT).await;
    let taken = second.lease().await;
    assert!(taken.token > lost.token);
    assert_eq!(second.lease().await, taken, "a heartbeat does not change a lease");
}

/// At once, not only when they run out.
pub async fn lease_that_is_handed_over_is_free_at_once<F: ReadModelFixture>(models: Models<F>) {
    let model = models.over(1, 2);
    models.declare(&model).await;
    let first = models.worker(&[&model], LONG).await;
    let second = models.worker(&[&model], LONG).await;
    let before = first.share().await;
    assert_eq!((before.leases.len(), before.surplus.len()), (2, 0));
    assert_eq!(second.share().await.leases, [], "the first one holds everything");
    let share = first.share_and_hand_over().await;
    assert_eq!((share.leases.len(), share.surplus.len()), (2, 1), "one falls to the second");
    assert_eq!(second.lease().await.unit, share.surplus[0]);
    assert_eq!(first.share().await.leases.len(), 1);
}

/// Handing back what another one has by now takes nothing from it.
pub async fn lease_of_another_cannot_be_handed_over<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let lost = models.worker(&[&model], SHORT).await.lease().await;
    models.pass(PAST_SHORT).await;
    let taken = models.worker(&[&model], LONG).await.lease().await;
    models.store.hand_over(&[lost]).await.expect("an answer");
    models.store.resume(&taken).await.expect("the lease is in force");
}

/// A worker that leaves is not waited for.
pub async fn lease_of_who_leaves_is_free_at_once<F: ReadModelFixture>(models: Models<F>) {
    let model = models.over(1, 3);
    models.declare(&model).await;
    let first = models.worker(&[&model], LONG).await;
    let second = models.worker(&[&model], LONG).await;
    let leases = first.share().await.leases;
    first.store.leave(first.heartbeat.worker).await.expect("gone");
    assert_eq!(second.share().await.leases.len(), 3);
    let fenced = models.store.resume(&leases[0]).await;
    assert!(matches!(fenced, Err(CommitError::Fenced)), "{fenced:?}");
}

/// A worker with the code of before loses its leases, and gets none.
pub async fn lease_ends_with_the_code_that_it_was_given_to<F: ReadModelFixture>(models: Models<F>) {
    let old = models.version(1);
    models.declare(&old).await;
    let before = models.worker(&[&old], LONG).await;
    let mut feed = models.feed(before.lease().await);
    feed.put(1, &[("ada", 1)]).await;
    let tx = feed.saved(&[("ada", 2)]).await;

    let mut new = old.clone();
    new.events.push(Handled { name: "account.renamed".into(), newest: 1 });
    new.searched = [(Partition::FIRST, Position::new(1))].into();
    models.declare(&new).await;
    let fenced = feed.commit(tx, &feed.step(2)).await;
    assert!(matches!(fenced, Err(CommitError::Fenced)), "{fenced:?}");
    assert_eq!(before.share().await.leases, []);
    let lease = models.worker(&[&new], LONG).await.lease().await;
    let resumed = models.store.resume(&lease).await.expect("an answer");
    assert_eq!(resumed.checkpoint, models.place(0, 1));

    models.declare(&new).await;
    models.store.resume(&lease).await.expect("nothing has changed for the later code");
}

/// Whoever looks sees who holds a unit, and its last word.
pub async fn lease_holders_and_their_reports_are_shown<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let mut worker = models.worker(&[&model], SHORT).await;
    let unit = worker.lease().await.unit;
    let trouble = Some("an event cannot be taken".to_owned());
    let report = Report { unit, rate: 12.5, trouble, since: None, stopped: true };
    worker.heartbeat.reports.push(report.clone());
    worker.share().await;
    let status =
        async || models.store.models(None).await.expect("models").remove(0).units.remove(0);
    let shown = status().await;
    assert_eq!(shown.holder.as_deref(), Some(&*worker.heartbeat.label));
    assert_eq!(shown.report, Some(report));
    models.pass(PAST_SHORT).await;
    assert_eq!(status().await.holder, None, "the lease has run out");
}

/// Where a unit stands is told to the holder: its parked keys, and whether it is alone.
pub async fn lease_holders_learn_where_they_resume<F: ReadModelFixture>(models: Models<F>) {
    let mut alone = models.one(&models.version(1)).await;
    let mut step = alone.step(4);
    for (position, keys) in [(2, &["ada", "bob"][..]), (4, &["ada"])] {
        step.parked.push(super::letters::letter(&alone.unit(), position, keys));
    }
    alone.take(&step).await;
    let mut resumed = models.store.resume(&alone.lease).await.expect("an answer");
    resumed.parked.sort();
    resumed.parked.dedup();
    assert_eq!(resumed.checkpoint, models.place(0, 4));
    assert_eq!((resumed.hold, resumed.alone), (None, true));
    assert_eq!(resumed.parked, ["ada", "bob"]);
    for feed in models.fed(&models.over(2, 2)).await {
        let resumed = models.store.resume(&feed.lease).await.expect("an answer");
        assert!(!resumed.alone, "another partition feeds the same documents");
    }
    let sliced = Declaration { slices: 3, ..models.version(3) };
    for feed in models.fed(&sliced).await {
        let resumed = models.store.resume(&feed.lease).await.expect("an answer");
        assert!(resumed.alone, "the slices of a partition have no key in common");
    }
}
