//! Documents with the place up to which they are exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::letters::letter;
use super::subject::{balances, read, text};
use super::{Models, ReadModelFixture};
use crate::ReadModelStore;
use crate::read_model::{Declaration, DocumentKey, Handled, Standing, Wish};

async fn standing(store: &impl ReadModelStore, version: u32, keys: &[&str]) -> Standing {
    let keys: Vec<_> = keys.iter().copied().map(text).collect();
    let standing = store.standing(&balances(version), &keys).await.expect("an answer");
    standing.expect("there is such a version")
}

fn numbers(standing: &Standing) -> Vec<(String, i64)> {
    let number = |document| read(document)["n"].as_i64().expect("a number");
    standing.documents.iter().map(|(key, document)| (key.to_string(), number(document))).collect()
}

fn places(standing: &Standing) -> Vec<(u16, u16, u64)> {
    let place = |unit: &crate::read_model::Unit, at: u64| (unit.partition.get(), unit.slice, at);
    standing.units.iter().map(|(unit, at)| place(unit, at.position().get())).collect()
}

/// The document is that of the checkpoint, never one of before or behind it.
pub async fn standing_is_of_one_moment<F: ReadModelFixture>(models: Models<F>) {
    let (mut feed, reader) = (models.one(&models.version(1)).await, models.other().await);
    feed.put(1, &[("ada", 1)]).await;
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let done = done.clone();
        async move {
            while !done.load(Ordering::Relaxed) {
                let standing = standing(&*reader, 1, &["ada"]).await;
                let seen = numbers(&standing)[0].1.cast_unsigned();
                assert_eq!(places(&standing), [(0, 0, seen)], "the place of the document");
                tokio::task::yield_now().await;
            }
        }
    });
    for n in 2..=50_i64 {
        feed.put(n.cast_unsigned(), &[("ada", n)]).await;
    }
    done.store(true, Ordering::Relaxed);
    reading.await.expect("a reader who saw one moment each time");
}

/// Every unit says where it stands, with the event there.
pub async fn standing_is_told_of_every_unit<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2).slices(2)).await;
    feeds.sort_by_key(super::subject::Feed::unit);
    feeds[1].put(7, &[("ada", 1)]).await;
    feeds[2].put(9, &[("bob", 2)]).await;
    let standing = standing(&*models.store, 1, &["bob", "nobody", "ada", "bob"]).await;
    assert_eq!(standing.slices, 2);
    assert_eq!(places(&standing), [(0, 0, 0), (0, 1, 7), (1, 0, 9), (1, 1, 0)]);
    assert_eq!(standing.units[1].1, feeds[1].at, "with the event, and the log");
    assert_eq!(standing.units[3].1, feeds[3].at);
    assert_eq!(numbers(&standing), [("ada".to_owned(), 1), ("bob".to_owned(), 2)]);
    assert_eq!(standing.parked, [""; 0]);
}

/// Each version has its own, whichever is the current one; another one is none, and keys
/// of another kind are an error.
pub async fn standing_is_of_the_version_that_is_asked<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(2, &[("ada", 1)]).await;
    new.put(3, &[("ada", 2)]).await;
    let store = &*models.store;
    for current in [1, 2] {
        store.switch("balances", current).await.expect("it is not behind");
        for (version, at) in [(1, 2), (2, 3)] {
            let standing = standing(store, version, &["ada"]).await;
            assert_eq!(numbers(&standing), [("ada".to_owned(), i64::from(version))]);
            assert_eq!(places(&standing), [(0, 0, at)]);
        }
    }
    let none = store.standing(&balances(3), &[text("ada")]).await.expect("an answer");
    assert_eq!(none, None);
    let other = store.standing(&balances(1), &[DocumentKey::Integer(1)]).await;
    assert!(other.is_err(), "{other:?}");
    assert_eq!(numbers(&standing(store, 1, &[]).await), []);
}

/// It says which events the version handles: those of the code that has declared it last, and
/// of its own version.
pub async fn standing_says_what_is_handled<F: ReadModelFixture>(models: Models<F>) {
    let handled = |name: &str, newest| Handled { name: name.into(), newest };
    let known = models.version(1);
    let wider = vec![handled("account.opened", 1), handled("account.renamed", 1)];
    let wider = Declaration { events: wider, ..known.clone() };
    let events = vec![handled("account.opened", 2), handled("account.renamed", 1)];
    let newest = Declaration { events, ..known.clone() };
    let other = Declaration { id: balances(2), ..wider.clone() };
    models.declare(&known).await;
    models.declare(&other).await;
    for declared in [known, wider, newest] {
        models.declare(&declared).await;
        let shown = standing(&*models.other().await, 1, &["ada"]).await;
        assert_eq!(shown.fingerprint, declared.fingerprint(), "{:?}", declared.events);
    }
    assert_eq!(standing(&*models.store, 2, &[]).await.fingerprint, other.fingerprint());
}

/// Keys of which events are parked are named, whichever unit has parked them, and those
/// alone which were asked for.
pub async fn standing_names_what_is_parked<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    for (feed, keys) in feeds.iter_mut().zip([["ada", "bob"], ["cyd", "bob"]]) {
        let mut step = feed.step(5);
        step.parked.push(letter(&feed.unit(), 4, &keys));
        step.parked.push(letter(&feed.unit(), 5, &["bob"]));
        feed.take(&step).await;
    }
    let store = &*models.store;
    let parked = async |keys: &[&str]| standing(store, 1, keys).await.parked;
    assert_eq!(parked(&["bob", "dan", "ada"]).await, ["ada", "bob"]);
    assert_eq!(parked(&["dan"]).await, [""; 0]);
    assert_eq!(parked(&["cyd"]).await, ["cyd"]);
    // A wish alone does not make the document whole.
    let all = crate::read_model::LetterQuery::all();
    store.wish(&all, &Wish::skip("seen")).await.expect("a wish");
    assert_eq!(parked(&["cyd"]).await, ["cyd"]);
}
