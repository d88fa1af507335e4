//! Versions are held at one place, by one, for a while.

use std::time::Duration;

use super::subject::{Feed, LONG, PAST_SHORT, SHORT};
use super::{Models, ReadModelFixture};
use crate::ReadModelStore;
use crate::read_model::{CommitError, Hold, HoldError, HoldId};

pub(super) fn hold(length: Duration) -> Hold {
    Hold { name: "balances".to_owned(), versions: [1, 2], by: HoldId::new(), length }
}

async fn two<F: ReadModelFixture>(models: &Models<F>) -> [Feed<F::Store>; 2] {
    let mut two = [models.one(&models.version(1)).await, models.one(&models.version(2)).await];
    two[0].put(5, &[]).await;
    two[1].put(2, &[]).await;
    two
}

async fn held_at<S: ReadModelStore>(feed: &Feed<S>) -> Option<u64> {
    let resumed = feed.store.resume(&feed.lease).await.expect("an answer");
    let status = feed.store.models(Some("balances")).await.expect("models");
    let mut units = status.iter().flat_map(|model| &model.units);
    let shown = units.find(|unit| unit.unit == feed.unit()).expect("a unit").held_at;
    assert_eq!(shown, resumed.hold, "what is shown is what the holder learns");
    resumed.hold.map(|hold| hold.position().get())
}

/// Two versions are held where the one stands that is ahead, until they are released.
pub async fn hold_keeps_both_versions_at_one_place<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(5, &[("ada", 5)]).await;
    new.put(2, &[("ada", 2)]).await;
    models.store.hold(&hold(LONG)).await.expect("held");
    let at = models.place(0, 5);
    for feed in [&mut old, &mut new] {
        let refused = feed.try_put(6, &[("ada", 6)]).await;
        assert!(matches!(refused, Err(CommitError::Held(held)) if held == at), "{refused:?}");
        assert_eq!(feed.store.resume(&feed.lease).await.expect("an answer").hold, Some(at));
    }
    let committed = new.put(5, &[("ada", 5)]).await;
    assert_eq!(committed.hold, Some(at));
    let status = models.store.models(Some("balances")).await.expect("models");
    assert!(status.iter().all(|model| model.units[0].held_at == Some(at)));
    models.store.release("balances", None).await.expect("released");
    for feed in [&mut old, &mut new] {
        assert_eq!(feed.put(6, &[("ada", 6)]).await.hold, None);
    }
}

/// The hold of each partition is its own.
pub async fn hold_is_one_place_for_each_partition<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.fed(&models.over(1, 2)).await;
    let mut new = models.fed(&models.over(2, 2)).await;
    old[0].put(5, &[]).await;
    new[1].put(7, &[]).await;
    models.store.hold(&hold(LONG)).await.expect("held");
    for (feed, hold) in [(&mut old[1], 7), (&mut new[0], 5)] {
        let refused = feed.try_put(hold + 1, &[]).await;
        assert!(matches!(refused, Err(CommitError::Held(_))), "{refused:?}");
        feed.put(hold, &[]).await;
    }
    let unknown = models.store.hold(&Hold { versions: [1, 3], ..hold(LONG) }).await;
    assert!(matches!(unknown, Err(HoldError::Unknown { .. })), "there is no version 3");
}

/// A hold that nobody renews is over, also for who has learned of it.
pub async fn hold_runs_out_by_itself<F: ReadModelFixture>(models: Models<F>) {
    let [mut old, mut new] = two(&models).await;
    models.store.hold(&hold(SHORT)).await.expect("held");
    assert_eq!(held_at(&old).await, Some(5));
    models.pass(PAST_SHORT).await;
    assert_eq!((held_at(&old).await, held_at(&new).await), (None, None));
    for feed in [&mut old, &mut new] {
        assert_eq!(feed.put(6, &[]).await.hold, None);
    }
}

/// Who renews a hold keeps it where it is; one that has run out is taken anew.
pub async fn hold_is_renewed_at_its_place<F: ReadModelFixture>(models: Models<F>) {
    let [mut old, mut new] = two(&models).await;
    let short = hold(SHORT);
    models.store.hold(&short).await.expect("held");
    let longer = Hold { length: LONG, ..short.clone() };
    models.other().await.hold(&longer).await.expect("renewed");
    models.pass(PAST_SHORT).await;
    for feed in [&mut old, &mut new] {
        let refused = feed.try_put(6, &[]).await;
        assert!(matches!(refused, Err(CommitError::Held(_))), "{refused:?}");
        assert_eq!(held_at(feed).await, Some(5));
    }
    models.store.hold(&short).await.expect("renewed");
    models.pass(PAST_SHORT).await;
    new.put(7, &[]).await;
    models.store.hold(&longer).await.expect("held");
    assert_eq!((held_at(&old).await, held_at(&new).await), (Some(7), Some(7)));
}

/// A second one is refused, whichever of the versions it wants, and does not end the
/// first one's hold.
pub async fn hold_is_one_at_a_time<F: ReadModelFixture>(models: Models<F>) {
    let [old, new] = two(&models).await;
    models.declare(&models.version(3)).await;
    let (first, second) = (hold(LONG), hold(SHORT));
    models.store.hold(&first).await.expect("held");
    for versions in [[1, 2], [2, 3]] {
        let taken = models.store.hold(&Hold { versions, ..second.clone() }).await;
        assert!(matches!(taken, Err(HoldError::Taken { .. })), "{taken:?}");
    }
    models.store.release("balances", Some(second.by)).await.expect("an answer");
    assert_eq!((held_at(&old).await, held_at(&new).await), (Some(5), Some(5)));
    models.store.release("balances", Some(first.by)).await.expect("released");
    assert_eq!(held_at(&old).await, None);
    models.store.hold(&second).await.expect("it is free");
    // A hold that has run out keeps out nobody.
    models.pass(PAST_SHORT).await;
    models.store.hold(&first).await.expect("it is free");
    models.store.release("balances", None).await.expect("released");
    assert_eq!((held_at(&old).await, held_at(&new).await), (None, None));
}
