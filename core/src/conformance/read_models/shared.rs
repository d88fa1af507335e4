//! Several units that feed the same documents.

use std::time::Duration;

use super::subject::{Feed, current, number, read, shown, text};
use super::{Models, ReadModelFixture};
use crate::conformance::tools::at_once;
use crate::read_model::CommitError;
use crate::{ReadModelStore, StoreError};

/// How often a step is tried again.
const TRIES: usize = 100;

/// Adds one to the document, in a step of its own.
async fn add_one<S: ReadModelStore>(feed: &mut Feed<S>, to: u64) -> Result<(), StoreError> {
    let mut tx = feed.begin().await;
    let keys = [text("total")];
    let loaded = feed.store.load(&mut tx, &keys).await?;
    // The other unit comes in between, if it can.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let before = loaded[0].as_ref().map_or(0, |d| read(d)["n"].as_i64().expect("a number"));
    let [key] = keys;
    feed.store.save(&mut tx, vec![(key, Some(number(before + 1)))]).await?;
    match feed.commit(tx, &feed.step(to)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Store(error)) => Err(error),
        Err(other) => panic!("the step was refused: {other}"),
    }
}

async fn adds<S: ReadModelStore>(mut feed: Feed<S>) {
    for to in 1..=15 {
        let mut tries = 0;
        while let Err(error) = add_one(&mut feed, to).await {
            tries += 1;
            assert!(error.is_transient() && tries < TRIES, "it was tried {tries} times: {error}");
        }
    }
}

/// Both change one document, over and over: every change is in it. Who comes too late
/// waits, or is told to try again.
pub async fn shared_documents_lose_no_update<F: ReadModelFixture>(models: Models<F>) {
    let feeds = models.fed(&models.over(1, 3)).await;
    let store = models.store.clone();
    at_once(feeds.into_iter().map(adds)).await;
    assert_eq!(shown(&*store, &current()).await, [("total".to_owned(), 45)]);
}

/// Both begin with a document that is not there yet.
pub async fn shared_documents_are_made_by_one<F: ReadModelFixture>(models: Models<F>) {
    for name in ["one", "two", "three"] {
        let id = crate::read_model::ModelId::new(name, 1).expect("a name");
        let model = crate::read_model::Declaration { id, ..models.over(1, 2) };
        let feeds = models.fed(&model).await;
        at_once(feeds.into_iter().map(async |mut feed| {
            let mut tries = 0;
            while let Err(error) = add_one(&mut feed, 1).await {
                tries += 1;
                assert!(error.is_transient() && tries < TRIES, "{tries} tries: {error}");
            }
        }))
        .await;
        let which = crate::read_model::Which::Current(name.to_owned());
        assert_eq!(shown(&*models.store, &which).await, [("total".to_owned(), 2)]);
    }
}
