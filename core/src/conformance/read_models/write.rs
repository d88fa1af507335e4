//! A whole step at once: it is a step like those of several calls.

use super::holds::hold;
use super::subject::{Feed, LONG, PAST_SHORT, SHORT, current, number, numbers, shown, text};
use super::{Models, ReadModelFixture};
use crate::ReadModelStore;
use crate::read_model::{CommitError, Committed, Document, DocumentKey, Step};

/// A step may be made in another way where it is large.
const SIZES: [i64; 2] = [1, 1_000];

fn key(n: i64) -> String {
    format!("{n:05}")
}

/// So many documents, all with this number.
fn documents(size: i64, n: i64) -> Vec<(DocumentKey, Option<Document>)> {
    (0..size).map(|nth| (text(&key(nth)), Some(number(n)))).collect()
}

/// Fails unless there are so many documents, all with this number.
async fn assert_shown<S: ReadModelStore>(feed: &Feed<S>, size: i64, n: i64) {
    let keys: Vec<_> = (0..size).map(key).collect();
    let all: Vec<_> = keys.iter().map(|key| (&**key, n)).collect();
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&all));
}

async fn write<S: ReadModelStore>(
    feed: &mut Feed<S>,
    step: &Step,
    documents: Vec<(DocumentKey, Option<Document>)>,
) -> Result<Committed, CommitError> {
    let committed = feed.store.write(&feed.lease, documents, step).await?;
    feed.at = step.to;
    Ok(committed)
}

/// Documents, checkpoint, dead letters and books.
pub async fn write_shows_everything_at_once<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    for (nth, size) in (0..).zip(SIZES) {
        let at = nth * 10;
        let step = feed.step(at + 1);
        write(&mut feed, &step, documents(size, 1)).await.expect("a commit");
        assert_shown(&feed, size, 1).await;

        let mut step = feed.step(at + 4);
        step.parked.push(super::letters::letter(&feed.unit(), at + 4, &["ada"]));
        let changed = documents(size, 2).into_iter().skip(1).chain([(text(&key(0)), None)]);
        write(&mut feed, &step, changed.collect()).await.expect("a commit");
        let found = shown(&*feed.store, &current()).await;
        assert_eq!(found.len(), usize::try_from(size - 1).expect("few"));
        assert!(found.iter().all(|(_, n)| *n == 2));
        let ledger = feed.store.ledger(&feed.unit()).await.expect("a ledger");
        assert_eq!(ledger.checkpoint, models.place(0, at + 4));
        assert!(ledger.letters.iter().any(|letter| letter.position.get() == at + 4));

        let step = feed.step(at + 5);
        write(&mut feed, &step, Vec::new()).await.expect("a step without documents");
        assert_eq!(feed.store.resume(&feed.lease).await.expect("its place").checkpoint, feed.at);
    }
}

/// Whoever may not commit changes no document.
pub async fn write_is_fenced<F: ReadModelFixture>(models: Models<F>) {
    let model = models.version(1);
    models.declare(&model).await;
    let worker = models.worker(&[&model], SHORT).await;
    let mut feed = models.feed(worker.lease().await);
    let step = feed.step(1);
    write(&mut feed, &step, documents(1_000, 1)).await.expect("a commit");
    models.pass(PAST_SHORT).await;
    for size in SIZES {
        let step = feed.step(2);
        let refused = write(&mut feed, &step, documents(size, 2)).await;
        assert!(matches!(refused, Err(CommitError::Fenced)), "{refused:?}");
    }
    assert_shown(&feed, 1_000, 1).await;
    let ledger = feed.store.ledger(&feed.unit()).await.expect("a ledger");
    assert_eq!(ledger.checkpoint, models.place(0, 1));
}

/// Nor does who steps from elsewhere, or beyond where the version is held.
pub async fn write_is_refused_from_elsewhere_and_beyond<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    models.declare(&models.version(2)).await;
    let step = feed.step(3);
    write(&mut feed, &step, documents(1_000, 1)).await.expect("a commit");
    feed.store.hold(&hold(LONG)).await.expect("held");
    for size in SIZES {
        let beyond = feed.step(4);
        let refused = write(&mut feed, &beyond, documents(size, 2)).await;
        let Err(CommitError::Held(at)) = refused else { panic!("{refused:?}") };
        assert_eq!(at, models.place(0, 3));
        let elsewhere = Step { from: models.place(0, 2), ..Step::from(feed.at) };
        let refused = write(&mut feed, &elsewhere, documents(size, 2)).await;
        assert!(matches!(refused, Err(CommitError::Moved)), "{refused:?}");
        feed.at = models.place(0, 3);
    }
    assert_shown(&feed, 1_000, 1).await;
}
