//! Documents: found by their keys, and read in their order.

use serde_json::json;
use uuid::Uuid;

use super::subject::{balances, current, number, numbers, read, shown, text};
use super::{Models, ReadModelFixture};
use crate::ReadModelStore;
use crate::read_model::{
    CommitError, Declaration, Document, DocumentKey, Documents, KeyKind, MAX_KEY_BYTES, Shape,
    Which,
};

/// Saves documents under these keys, which stand in their order, from behind; and fails
/// unless they are read in their order, as a whole and in pages of two.
async fn assert_in_order<F: ReadModelFixture>(models: Models<F>, keys: Vec<DocumentKey>) {
    let shape = Shape::Documents(keys[0].kind());
    let mut feed = models.one(&Declaration { shape, ..models.version(1) }).await;
    let mut tx = feed.begin().await;
    let value = |key: &DocumentKey| Document::from(json!({ "key": key.to_string() }).to_string());
    let documents = keys.iter().rev().map(|key| (key.clone(), Some(value(key))));
    feed.store.save(&mut tx, documents.collect()).await.expect("saved");
    feed.commit(tx, &feed.step(1)).await.expect("a commit");

    let mut paged = Vec::new();
    loop {
        let key = paged.last().cloned();
        let page = Documents::After { key, limit: 2 };
        let page = feed.store.documents(&current(), &page).await.expect("a page");
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        for (key, document) in page {
            assert_eq!(read(&document), read(&value(&key)), "the document of this key");
            paged.push(key);
        }
    }
    assert_eq!(paged, keys, "in pages");
    let all = Documents::After { key: None, limit: 1_000 };
    let all = feed.store.documents(&current(), &all).await.expect("documents").into_iter();
    assert!(all.map(|(key, _)| key).eq(keys.iter().cloned()), "at once");
    let mut tx = feed.begin().await;
    let loaded = feed.store.load(&mut tx, &keys).await.expect("documents");
    let loaded = loaded.iter().map(|document| document.as_ref().map(read));
    assert!(loaded.eq(keys.iter().map(|key| Some(read(&value(key))))));
}

/// Texts stand in the order of their bytes, not of a language, nor of UTF-16.
pub async fn documents_by_text_stand_in_the_order_of_bytes<F: ReadModelFixture>(models: Models<F>) {
    let longest = "z".repeat(MAX_KEY_BYTES);
    let texts = [
        "", " ", "%", "'", "10", "9", "A", "B", "_", "a", "a b", "aa", "ab", "b", "o'neil",
        &longest, "é", "ß", "日本", "\u{ffee}", "😀",
    ];
    let mut keys = texts.map(text).to_vec();
    keys.sort();
    assert_in_order(models, keys).await;
}

/// Integers stand in the order of numbers.
pub async fn documents_by_integer_stand_in_the_order_of_numbers<F: ReadModelFixture>(
    models: Models<F>,
) {
    let numbers = [i64::MIN, -10, -9, -1, 0, 1, 2, 10, 1 << 40, i64::MAX];
    assert_in_order(models, numbers.map(DocumentKey::Integer).to_vec()).await;
}

/// UUIDs stand in the order of their bytes.
pub async fn documents_by_uuid_stand_in_the_order_of_bytes<F: ReadModelFixture>(models: Models<F>) {
    let numbers = [0, 1, 0xff, 1 << 64, 0x7f << 120, 0x80 << 120, u128::MAX];
    let keys = numbers.map(|n| DocumentKey::Uuid(Uuid::from_u128(n)));
    assert_in_order(models, keys.to_vec()).await;
}

/// Those that are there, once each, in the order of the keys.
pub async fn documents_under_keys_are_those_that_are_there<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    feed.put(1, &[("ada", 1), ("bob", 2), ("cyd", 3)]).await;
    let under = async |keys: &[&str]| {
        let keys = Documents::Under(keys.iter().copied().map(text).collect());
        let found = feed.store.documents(&current(), &keys).await.expect("documents");
        found.into_iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(under(&["cyd", "nobody", "ada", "cyd"]).await, ["ada", "cyd"]);
    assert!(under(&["nobody"]).await.is_empty());
    assert!(under(&[]).await.is_empty());
}

/// A document that is deleted is gone, and can come again.
pub async fn documents_that_are_deleted_are_gone<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    feed.put(1, &[("ada", 1), ("bob", 2)]).await;
    let mut tx = feed.begin().await;
    let gone = ["ada", "nobody"].map(|key| (text(key), None));
    feed.store.save(&mut tx, gone.to_vec()).await.expect("deleted");
    feed.commit(tx, &feed.step(2)).await.expect("a commit");
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("bob", 2)]));
    assert_eq!(feed.store.count(&current()).await.expect("a count"), 1);
    let mut tx = feed.begin().await;
    let loaded = feed.store.load(&mut tx, &[text("ada")]).await.expect("an answer");
    assert_eq!(loaded, [None]);
    drop(tx);
    feed.put(3, &[("ada", 3)]).await;
    assert_eq!(shown(&*feed.store, &current()).await, numbers(&[("ada", 3), ("bob", 2)]));
}

/// Each version has its own, and queries see those of the current one.
pub async fn documents_of_versions_are_apart<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(1, &[("ada", 1)]).await;
    new.put(1, &[("ada", 2), ("bob", 2)]).await;
    let of = |version| Which::Version(balances(version));
    assert_eq!(shown(&*old.store, &of(1)).await, numbers(&[("ada", 1)]));
    assert_eq!(shown(&*old.store, &of(2)).await, numbers(&[("ada", 2), ("bob", 2)]));
    assert_eq!(shown(&*old.store, &current()).await, numbers(&[("ada", 1)]));
}

/// An empty model is empty, and one that does not exist is an error.
pub async fn documents_of_no_model_are_an_error<F: ReadModelFixture>(models: Models<F>) {
    let all = Documents::After { key: None, limit: 10 };
    for which in [current(), Which::Version(balances(1))] {
        let unknown = models.store.documents(&which, &all).await;
        assert!(unknown.is_err(), "{unknown:?}");
        assert!(models.store.count(&which).await.is_err());
    }
    models.declare(&models.version(1)).await;
    for which in [current(), Which::Version(balances(1))] {
        assert_eq!(models.store.documents(&which, &all).await.expect("an answer"), []);
        assert_eq!(models.store.count(&which).await.expect("a count"), 0);
    }
}

/// Documents of any content: the JSON comes back with the same meaning.
pub async fn documents_come_back_as_they_were_saved<F: ReadModelFixture>(models: Models<F>) {
    let shape = Shape::Documents(KeyKind::Integer);
    let mut feed = models.one(&Declaration { shape, ..models.version(1) }).await;
    let values = [
        json!(null),
        json!("o'neil \\ \" \n \u{1f600}"),
        json!([1, -1, u64::MAX, i64::MIN, 0.1, "x"]),
        json!({ "nested": { "empty": {}, "list": [[], [null]] }, "ä": true }),
        json!({ "large": "x".repeat(200_000) }),
    ];
    let keys = (0..).map(DocumentKey::Integer).zip(&values);
    let documents = keys.map(|(key, value)| (key, Some(Document::from(value.to_string()))));
    let mut tx = feed.begin().await;
    feed.store.save(&mut tx, documents.collect()).await.expect("saved");
    feed.commit(tx, &feed.step(1)).await.expect("a commit");
    let all = Documents::After { key: None, limit: 10 };
    let found = feed.store.documents(&current(), &all).await.expect("documents");
    assert!(found.iter().map(|(_, document)| read(document)).eq(values));
}

/// What is not JSON is refused when it is saved, or at the commit, for what is in it, and
/// nothing is kept. So is a key that a database could not keep.
pub async fn documents_that_are_not_json_are_refused<F: ReadModelFixture>(models: Models<F>) {
    let mut feed = models.one(&models.version(1)).await;
    let broken = [&b"{"[..], b"", b"\xff"].map(|json| (text("bob"), json));
    let keys = ["a\0".to_owned(), "x".repeat(MAX_KEY_BYTES + 1)].map(|key| (text(&key), &b"1"[..]));
    for (key, json) in broken.into_iter().chain(keys) {
        let mut tx = feed.begin().await;
        let documents =
            vec![(text("ada"), Some(number(1))), (key, Some(Document::copy_from_slice(json)))];
        let refused = match feed.store.save(&mut tx, documents).await {
            Err(refused) => refused,
            Ok(()) => match feed.commit(tx, &feed.step(1)).await {
                Err(CommitError::Store(refused)) => refused,
                other => panic!("it was taken: {other:?}"),
            },
        };
        assert!(refused.is_content() && !refused.is_transient(), "{refused}");
    }
    assert_eq!(shown(&*feed.store, &current()).await, []);
}
