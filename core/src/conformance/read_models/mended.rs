//! Documents that are replaced from outside of their feed.

use super::letters::letter;
use super::subject::{LONG, balances, current, number, numbers, read, shown, text};
use super::{Models, ReadModelFixture};
use crate::read_model::{CommitError, MendError, Step};
use crate::{Checkpoint, Partition, ReadModelStore};

/// A document is replaced, made where there was none, and removed; who feeds the unit from
/// then on reads the new one, under a new lease.
pub async fn mended_documents_are_read_and_folded_upon<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], LONG).await;
    let mut feed = models.feed(worker.lease().await);
    feed.put(1, &[("ada", 1), ("bob", 2)]).await;
    let at = [feed.at];
    let (id, store) = (&model.id, feed.store.clone());
    store.mend(id, &at, &text("ada"), Some(number(7))).await.expect("mended");
    store.mend(id, &at, &text("bob"), None).await.expect("removed");
    store.mend(id, &at, &text("bob"), None).await.expect("there is none already");
    store.mend(id, &at, &text("cyd"), Some(number(3))).await.expect("made");
    assert_eq!(shown(&*store, &current()).await, numbers(&[("ada", 7), ("cyd", 3)]));

    let mut next = models.feed(worker.lease().await);
    assert_ne!(next.lease.token, feed.lease.token, "a new lease");
    let resumed = next.store.resume(&next.lease).await.expect("a place");
    assert_eq!(resumed.checkpoint, at[0], "it stands where it stood");
    next.at = resumed.checkpoint;
    let mut tx = next.begin().await;
    let loaded = next.store.load(&mut tx, &[text("ada")]).await.expect("documents");
    assert_eq!(loaded[0].as_ref().map(read), Some(read(&number(7))));
    drop(tx);
    next.put(2, &[("ada", 8)]).await;
    assert_eq!(shown(&*store, &current()).await, numbers(&[("ada", 8), ("cyd", 3)]));
}

/// A step that was made from the old document, or from what its holder remembers of it,
/// never goes over the new one.
pub async fn mended_documents_end_the_steps_made_upon_the_old_ones<F: ReadModelFixture>(
    models: Models<F>,
) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], LONG).await;
    let mut feed = models.feed(worker.lease().await);
    feed.put(1, &[("ada", 1)]).await;
    let store = feed.store.clone();
    store.mend(&model.id, &[feed.at], &text("ada"), Some(number(7))).await.expect("mended");
    let begun = store.begin(&feed.lease).await;
    assert!(matches!(begun, Err(CommitError::Fenced)), "the lease has ended");
    assert_eq!(shown(&*store, &current()).await, numbers(&[("ada", 7)]));

    let mut feed = models.feed(worker.lease().await);
    feed.at = store.resume(&feed.lease).await.expect("a place").checkpoint;
    let tx = feed.begin().await;
    store.mend(&model.id, &[feed.at], &text("ada"), Some(number(8))).await.expect("mended");
    let late = feed.store.commit(tx, &feed.step(2)).await;
    assert!(matches!(late, Err(CommitError::Fenced)), "{late:?}");
}

/// It is refused where a unit stands elsewhere than the document was made for.
pub async fn mended_documents_are_made_where_the_units_stand<F: ReadModelFixture>(
    models: Models<F>,
) {
    let model = models.over(1, 2);
    for feed in &mut models.fed(&model).await {
        if feed.unit().partition == Partition::FIRST {
            feed.put(1, &[("ada", 1)]).await;
        }
    }
    let store = models.store.clone();
    let here = [models.place(0, 1), models.place(1, 0)];
    let mended =
        async |at: &[Checkpoint]| store.mend(&model.id, at, &text("ada"), Some(number(7))).await;
    for elsewhere in [&[models.place(0, 1)][..], &[models.place(0, 2), models.place(1, 0)], &[]] {
        let refused = mended(elsewhere).await;
        assert!(matches!(refused, Err(MendError::Moved { .. })), "{refused:?}");
    }
    assert_eq!(shown(&*store, &current()).await, numbers(&[("ada", 1)]));
    mended(&here).await.expect("mended");
    assert_eq!(shown(&*store, &current()).await, numbers(&[("ada", 7)]));
    let unknown = store.mend(&balances(9), &here, &text("ada"), None).await;
    assert!(matches!(unknown, Err(MendError::Unknown { .. })), "{unknown:?}");
}

/// A key whose events are parked is not mended: the document would hold what waits.
pub async fn mended_documents_have_no_events_that_are_parked<F: ReadModelFixture>(
    models: Models<F>,
) {
    let model = models.version(1);
    let mut feed = models.one(&model).await;
    let parked = vec![letter(&feed.unit(), 1, &["ada", "bob"])];
    feed.take(&Step { parked, ..feed.step(1) }).await;
    let store = feed.store.clone();
    for key in ["ada", "bob"] {
        let refused = store.mend(&model.id, &[feed.at], &text(key), Some(number(7))).await;
        assert!(matches!(refused, Err(MendError::Parked { .. })), "{refused:?}");
    }
    store.mend(&model.id, &[feed.at], &text("cyd"), Some(number(7))).await.expect("mended");
    assert_eq!(shown(&*store, &current()).await, numbers(&[("cyd", 7)]));
}
