//! One commit: everything of a step is seen together or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::subject::{Feed, current, event, number, numbers, shown, text};
use super::{Models, ReadModelFixture, letters};
use crate::read_model::{Mark, Step};
use crate::{Partition, Position, ReadModelStore};

/// The tallies of events at these positions, applied.
pub(super) fn applied(step: &mut Step, positions: impl IntoIterator<Item = u64>) {
    for position in positions {
        let mark = Mark::of(Partition::FIRST, Position::new(position), event(position));
        step.tallies.entry(mark.block).or_default().apply(mark);
    }
}

/// Documents, checkpoint, tallies and dead letters come together.
pub async fn commit_shows_everything_of_a_step_at_once<F: ReadModelFixture>(models: Models<F>) {
    let (mut feed, reader) = (models.one(&models.version(1)).await, models.other().await);
    let mut step = feed.step(3);
    applied(&mut step, [1, 2]);
    step.parked.push(letters::letter(&feed.unit(), 3, &["ada"]));
    let before = reader.ledger(&feed.unit()).await.expect("a ledger");
    assert_eq!(before.checkpoint, models.place(0, 0));

    let tx = feed.saved(&[("ada", 1), ("bob", 2)]).await;
    assert_eq!(shown(&*reader, &current()).await, [], "nothing is seen before the commit");
    assert_eq!(reader.ledger(&feed.unit()).await.expect("a ledger"), before);

    let committed = feed.commit(tx, &step).await.expect("a commit");
    assert_eq!(committed, Default::default(), "no hold, no wishes");
    assert_eq!(shown(&*reader, &current()).await, numbers(&[("ada", 1), ("bob", 2)]));
    let ledger = reader.ledger(&feed.unit()).await.expect("a ledger");
    assert_eq!((ledger.checkpoint, ledger.blocks), (step.to, step.tallies));
    assert_eq!(ledger.letters.len(), 1);
    let status = reader.models(Some("balances")).await.expect("models").remove(0);
    assert_eq!((status.units[0].checkpoint, status.units[0].parked), (step.to, 1));
    assert!(status.units[0].moved_at.is_some());
}

/// Neither its documents nor anything else of it.
pub async fn commit_that_never_comes_has_changed_nothing<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    feed.put(1, &[("ada", 1)]).await;
    let before = feed.store.ledger(&feed.unit()).await.expect("a ledger");
    drop(feed.saved(&[("ada", 2), ("bob", 2)]).await);
    drop(feed.store.commit(feed.saved(&[("ada", 3)]).await, &feed.step(9)));
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 1)]));
    assert_eq!(feed.store.ledger(&feed.unit()).await.expect("a ledger"), before);
    // And nothing of it is in the way of who comes next.
    feed.put(2, &[("ada", 4)]).await;
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 4)]));
}

/// Loading gives what the same transaction has saved, in the order of the keys asked for.
pub async fn commit_is_not_needed_to_load_what_was_saved<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    feed.put(1, &[("ada", 1), ("bob", 1)]).await;
    let mut tx = feed.saved(&[("ada", 2), ("cyd", 2)]).await;
    feed.store.save(&mut tx, vec![(text("bob"), None)]).await.expect("deleted");
    let keys = ["nobody", "cyd", "bob", "ada"].map(text);
    let loaded = feed.store.load(&mut tx, &keys).await.expect("documents");
    let loaded = loaded.iter().map(|d| d.as_ref().map(super::subject::read)).collect::<Vec<_>>();
    let two = Some(super::subject::read(&number(2)));
    assert_eq!(loaded, [None, two.clone(), None, two]);
    feed.commit(tx, &feed.step(2)).await.expect("a commit");
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 2), ("cyd", 2)]));
}

/// Also while it is being committed: the documents are never older than the checkpoint,
/// nor two of a step of different ages.
pub async fn commit_is_never_seen_by_half<F: ReadModelFixture>(models: Models<F>) {
    let (mut feed, reader) = (models.one(&models.version(1)).await, models.other().await);
    feed.put(1, &[("ada", 1), ("bob", 1)]).await;
    let (done, unit) = (Arc::new(AtomicBool::new(false)), feed.unit());
    let reading = tokio::spawn({
        let done = done.clone();
        async move {
            while !done.load(Ordering::Relaxed) {
                let ledger = reader.ledger(&unit).await.expect("a ledger");
                let reached = ledger.checkpoint.position().get();
                let seen = shown(&*reader, &current()).await;
                assert_eq!(seen[0].1, seen[1].1, "two documents of one step");
                let seen = seen[0].1.cast_unsigned();
                assert!(seen >= reached, "the document {seen} is behind the checkpoint {reached}");
                let ledger = reader.ledger(&unit).await.expect("a ledger");
                let reached = ledger.checkpoint.position().get();
                assert!(
                    seen <= reached,
                    "the document {seen} is ahead of the checkpoint {reached}"
                );
                tokio::task::yield_now().await;
            }
        }
    });
    for n in 2..=50_i64 {
        feed.put(n.cast_unsigned(), &[("ada", n), ("bob", n)]).await;
    }
    done.store(true, Ordering::Relaxed);
    reading.await.expect("a reader who saw whole steps");
}

/// Five thousand documents in one step.
pub async fn commit_takes_many_documents<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    let many: Vec<_> = (0..5_000).map(|n| (text(&format!("key-{n:05}")), number(n))).collect();
    let keys: Vec<_> = many.iter().map(|(key, _)| key.clone()).collect();
    let mut tx = feed.begin().await;
    let none = feed.store.load(&mut tx, &keys).await.expect("an answer");
    assert!(none.iter().all(Option::is_none) && none.len() == 5_000);
    let documents = many.iter().map(|(key, document)| (key.clone(), Some(document.clone())));
    feed.store.save(&mut tx, documents.collect()).await.expect("saved");
    feed.commit(tx, &feed.step(5_000)).await.expect("a commit");
    assert_eq!(feed.store.count(&current()).await.expect("a count"), 5_000);
    let mut tx = feed.begin().await;
    let loaded = feed.store.load(&mut tx, &keys).await.expect("documents");
    let loaded = loaded.iter().map(|d| d.as_ref().map(super::subject::read));
    assert!(loaded.eq(many.iter().map(|(_, d)| Some(super::subject::read(d)))), "each its own");
}

/// Nothing to load, nothing to save, and yet a step: the events were not of interest.
pub async fn commit_of_nothing_moves_the_checkpoint<F: ReadModelFixture>(models: Models<F>) {
    let mut feed: Feed<F::Store> = models.one(&models.version(1)).await;
    let mut tx = feed.begin().await;
    assert_eq!(feed.store.load(&mut tx, &[]).await.expect("an answer"), []);
    feed.store.save(&mut tx, Vec::new()).await.expect("saved");
    feed.commit(tx, &feed.step(7)).await.expect("a commit");
    let resumed = feed.store.resume(&feed.lease).await.expect("an answer");
    assert_eq!(resumed.checkpoint, models.place(0, 7));
    assert_eq!(feed.store.count(&current()).await.expect("a count"), 0);
    let standing = feed.step(7);
    feed.take(&standing).await;
    assert_eq!(feed.store.resume(&feed.lease).await.expect("an answer"), resumed);
}
