//! Several versions of a read model, of which one is current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::subject::{balances, current, numbers, shown};
use super::{Models, ReadModelFixture, letters};
use crate::read_model::{CommitError, LetterQuery, SwitchError, VersionState, Which};
use crate::{Partition, ReadModelStore};

async fn states(store: &impl ReadModelStore) -> Vec<(u32, VersionState)> {
    let models = store.models(Some("balances")).await.expect("models");
    models.iter().map(|model| (model.declaration.id.version, model.state)).collect()
}

/// A version that is behind would take queries back in time.
pub async fn switch_waits_for_who_is_behind<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(5, &[("ada", 1)]).await;
    for reached in [0, 4] {
        new.put(reached, &[("ada", 2)]).await;
        let behind = models.store.switch("balances", 2).await;
        assert!(
            matches!(&behind, Err(SwitchError::Behind { id, partition })
                if *id == balances(2) && *partition == Partition::FIRST),
            "{behind:?}"
        );
        assert_eq!(shown(&*models.store, &current()).await, numbers(&[("ada", 1)]));
    }
    new.put(5, &[]).await;
    models.store.switch("balances", 2).await.expect("switched");
    assert_eq!(shown(&*models.store, &current()).await, numbers(&[("ada", 2)]));
    let other = models.other().await;
    assert_eq!(states(&*other).await, [(1, VersionState::Previous), (2, VersionState::Current)]);
}

/// Ahead in one partition is no help in another.
pub async fn switch_looks_at_every_partition_and_slice<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.fed(&models.over(1, 2).slices(2)).await;
    let mut new = models.fed(&models.over(2, 2).slices(2)).await;
    for feed in &mut old {
        feed.put(5, &[]).await;
    }
    for feed in &mut new {
        let behind = models.store.switch("balances", 2).await;
        let partition = feed.at.partition();
        assert!(
            matches!(behind, Err(SwitchError::Behind { partition: p, .. }) if p == partition),
            "{behind:?}"
        );
        feed.put(9, &[]).await;
    }
    models.store.switch("balances", 2).await.expect("switched");
}

/// The slowest slice of the new version counts, where its slices are not those of the old.
pub async fn switch_between_other_slices_waits_for_the_slowest<F: ReadModelFixture>(
    models: Models<F>,
) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.fed(&models.version(2).slices(3)).await;
    old.put(5, &[]).await;
    for feed in &mut new {
        let behind = models.store.switch("balances", 2).await;
        assert!(matches!(behind, Err(SwitchError::Behind { .. })), "{behind:?}");
        feed.put(5, &[]).await;
    }
    models.store.switch("balances", 2).await.expect("switched");
}

/// A reader who asks all the time sees the one or the other, whole.
pub async fn switch_is_one_step_to_queries<F: ReadModelFixture>(models: Models<F>) {
    for version in [1, 2] {
        let mut feed = models.one(&models.version(version)).await;
        let keys: Vec<_> = (0..20).map(|n| format!("key-{n}")).collect();
        let documents: Vec<_> = keys.iter().map(|key| (key.as_str(), i64::from(version))).collect();
        feed.put(20, &documents).await;
    }
    let (done, reader) = (Arc::new(AtomicBool::new(false)), models.other().await);
    let reading = tokio::spawn({
        let done = done.clone();
        async move {
            while !done.load(Ordering::Relaxed) {
                let seen = shown(&*reader, &current()).await;
                assert_eq!(seen.len(), 20, "a whole model");
                assert!(seen.iter().all(|(_, n)| *n == seen[0].1), "of one version: {seen:?}");
                assert_eq!(reader.count(&current()).await.expect("a count"), 20);
                tokio::task::yield_now().await;
            }
        }
    });
    for round in 0..20 {
        models.store.switch("balances", 2 - round % 2).await.expect("switched");
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
    reading.await.expect("a reader who saw whole models");
}

/// Going back is a switch like any other: the old version was fed on.
pub async fn switch_goes_back_to_a_version_that_was_fed_on<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(5, &[("ada", 1)]).await;
    new.put(5, &[("ada", 2)]).await;
    models.store.switch("balances", 2).await.expect("switched");
    models.store.switch("balances", 2).await.expect("it is current already");
    new.put(6, &[]).await;
    let behind = models.store.switch("balances", 1).await;
    assert!(matches!(behind, Err(SwitchError::Behind { .. })), "{behind:?}");
    old.put(6, &[("ada", 3)]).await;
    models.store.switch("balances", 1).await.expect("switched back");
    assert_eq!(shown(&*models.store, &current()).await, numbers(&[("ada", 3)]));
    let wanted = [(1, VersionState::Current), (2, VersionState::Previous)];
    assert_eq!(states(&*models.store).await, wanted);
}

/// What does not exist does not become current, and is not discarded.
pub async fn switch_to_what_does_not_exist_is_refused<F: ReadModelFixture>(models: Models<F>) {
    for _ in 0..2 {
        let refused =
            [models.store.switch("balances", 2).await, models.store.discard("balances", 2).await];
        for refused in refused {
            let unknown =
                matches!(&refused, Err(SwitchError::Unknown { id }) if *id == balances(2));
            assert!(unknown, "{refused:?}");
        }
        models.declare(&models.version(1)).await;
    }
    assert_eq!(states(&*models.store).await, [(1, VersionState::Current)]);
}

/// The current version stays; another one goes with everything that was kept for it.
pub async fn discard_removes_all_of_a_version_but_not_the_current<F: ReadModelFixture>(
    models: Models<F>,
) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(1, &[("ada", 1)]).await;
    let mut step = new.step(1);
    step.parked.push(letters::letter(&new.unit(), 1, &["ada"]));
    let tx = new.saved(&[("ada", 2)]).await;
    new.commit(tx, &step).await.expect("a commit");

    let refused = models.store.discard("balances", 1).await;
    assert!(matches!(&refused, Err(SwitchError::Current { id }) if *id == balances(1)));
    models.store.discard("balances", 2).await.expect("discarded");
    assert_eq!(states(&*models.store).await, [(1, VersionState::Current)]);
    assert_eq!(shown(&*models.store, &current()).await, numbers(&[("ada", 1)]));
    assert!(models.store.count(&Which::Version(balances(2))).await.is_err());
    assert_eq!(models.store.letters(&LetterQuery::all()).await.expect("letters"), []);
    let fenced = models.store.begin(&new.lease).await.map(drop);
    assert!(matches!(fenced, Err(CommitError::Fenced)), "{fenced:?}");

    models.store.leave(new.lease.worker).await.expect("gone");
    let mut again = models.one(&models.version(2)).await;
    assert_eq!(shown(&*models.store, &Which::Version(balances(2))).await, [], "it begins anew");
    again.put(1, &[("ada", 3)]).await;
    let fenced = models.store.resume(&new.lease).await;
    assert!(matches!(fenced, Err(CommitError::Fenced)), "a lease of before: {fenced:?}");
}
