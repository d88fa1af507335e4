//! Comparing two versions.

use super::subject::{Feed, balances, text};
use super::{Models, ReadModelFixture};
use crate::read_model::{CompareError, Compared, Difference, Document};
use crate::{Partition, ReadModelStore};

/// Commits documents as they are written here; `None` deletes.
async fn write<S: ReadModelStore>(feed: &mut Feed<S>, to: u64, rows: &[(&str, &str)]) {
    let mut tx = feed.begin().await;
    let document = |json: &str| Some(Document::copy_from_slice(json.as_bytes()));
    let rows = rows.iter().map(|(key, json)| (text(key), document(json)));
    feed.store.save(&mut tx, rows.collect()).await.expect("saved");
    feed.commit(tx, &feed.step(to)).await.expect("a commit");
}

async fn compared(
    store: &impl ReadModelStore,
) -> Result<(Compared, Vec<Difference>), CompareError> {
    let mut differences = Vec::new();
    let mut report = |difference| differences.push(difference);
    let compared = store.compare("balances", [1, 2], async {}, &mut report).await?;
    differences.sort_by(|one: &Difference, other| one.key.cmp(&other.key));
    Ok((compared, differences))
}

/// The same documents are the same, however their JSON was written.
pub async fn compare_finds_what_is_equal<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    write(&mut old, 5, &[("ada", r#"{"a":1,"b":[1,2]}"#), ("bob", "2")]).await;
    write(&mut new, 3, &[("ada", "1"), ("bob", "2")]).await;
    write(&mut new, 5, &[("ada", r#"{ "b" : [1, 2], "a" : 1 }"#)]).await;
    let (compared, differences) = compared(&*models.store).await.expect("compared");
    assert!(compared.is_equal(), "{compared:?}");
    assert_eq!(differences, []);
    let [before, after] = compared.tables["balances"];
    assert_eq!((before.0, after.0, before.1), (2, 2, after.1));
    assert_eq!(compared.at, [models.place(0, 5)]);
}

/// Every document that differs is reported, with both sides.
pub async fn compare_reports_each_difference<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    write(&mut old, 5, &[("changed", "[1,2]"), ("lost", "1"), ("same", "1")]).await;
    write(&mut new, 5, &[("added", "1"), ("changed", "[2,1]"), ("same", "1")]).await;
    let (compared, differences) = compared(&*models.store).await.expect("compared");
    assert!(!compared.is_equal(), "{compared:?}");
    let [before, after] = compared.tables["balances"];
    assert_eq!((before.0, after.0), (3, 3));
    assert_ne!(before.1, after.1);
    let read = |json: &String| serde_json::from_str(json).expect("JSON");
    let shown: Vec<(_, Option<serde_json::Value>, Option<serde_json::Value>)> = differences
        .iter()
        .map(|d| (&*d.key, d.before.as_ref().map(read), d.after.as_ref().map(read)))
        .collect();
    let json = |text: &str| Some(read(&text.to_owned()));
    let wanted = [
        ("added", None, json("1")),
        ("changed", json("[1,2]"), json("[2,1]")),
        ("lost", json("1"), None),
    ];
    assert_eq!(shown, wanted);
    assert!(differences.iter().all(|difference| difference.table == "balances"));
}

/// Versions in other places cannot be told apart from versions that differ.
pub async fn compare_refuses_versions_in_other_places<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.fed(&models.over(1, 2)).await;
    let mut new = models.fed(&models.over(2, 2).slices(2)).await;
    for feed in &mut old {
        feed.put(5, &[]).await;
    }
    for feed in &mut new {
        let partition = feed.at.partition();
        let apart = compared(&*models.store).await.map(drop);
        assert!(
            matches!(apart, Err(CompareError::Apart { partition: p }) if p == partition),
            "{partition}: {apart:?}"
        );
        feed.put(5, &[]).await;
    }
    let (compared, _) = compared(&*models.store).await.expect("compared");
    assert_eq!(compared.at, [0, 1].map(|partition| models.place(partition, 5)));
    assert_eq!(compared.at[1].partition(), Partition::new(1));
}

/// What does not exist cannot be compared.
pub async fn compare_refuses_what_does_not_exist<F: ReadModelFixture>(models: Models<F>) {
    models.declare(&models.version(1)).await;
    let refused = compared(&*models.store).await.map(drop);
    assert!(
        matches!(&refused, Err(CompareError::Impossible { id }) if *id == balances(2)),
        "{refused:?}"
    );
}

/// As soon as the snapshot is taken the versions go on, and the comparison does not see it.
pub async fn compare_sees_one_moment<F: ReadModelFixture>(models: Models<F>) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    for feed in [&mut old, &mut new] {
        feed.put(5, &[("ada", 1), ("bob", 1)]).await;
    }
    let store = models.other().await;
    let mut moved = false;
    let goes_on = async {
        old.put(6, &[("ada", 2), ("cyd", 2)]).await;
        moved = true;
    };
    let mut report = |difference| panic!("nothing differed: {difference:?}");
    let compared = store.compare("balances", [1, 2], goes_on, &mut report).await;
    assert!(compared.expect("compared").is_equal());
    assert!(moved, "the snapshot is announced");
}
