//! Documents that are not older than what was written.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::subject::{Feed, numbers, read, text, token};
use super::{Models, ReadModelFixture};
use crate::read_model::{Documents, ReachedError};
use crate::{LogId, ReadModelStore, Token};

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(200);

type Answer = Result<Vec<(String, i64)>, ReachedError>;

async fn ask(store: &impl ReadModelStore, documents: &Documents, token: &Token) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    let found = store.documents_at_least("balances", documents, token, deadline).await?;
    let number = |document| read(&document)["n"].as_i64().expect("a number");
    Ok(found.into_iter().map(|(key, document)| (key.to_string(), number(document))).collect())
}

fn under(keys: &[&str]) -> Documents {
    Documents::Under(keys.iter().copied().map(text).collect())
}

/// Every way to ask for the document of `ada`, the first one.
fn ways() -> [Documents; 4] {
    let (first, behind) = (None, Some(text("")));
    [
        under(&["ada"]),
        under(&["ada", "nobody"]),
        Documents::After { key: first, limit: 1 },
        Documents::After { key: behind, limit: 1 },
    ]
}

/// The documents of a moment at which every partition has come; at once where all have.
pub async fn at_least_shows_what_was_waited_for<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    let mut to = 0;
    for way in ways() {
        let (store, token) = (models.other().await, models.token(&[(0, to + 1), (1, to + 3)]));
        let mut waiting = tokio::spawn(async move { ask(&*store, &way, &token).await });
        feeds[0].put(to + 1, &[("ada", 5)]).await;
        feeds[1].put(to + 2, &[("ada", 6)]).await;
        assert!(timeout(SOON, &mut waiting).await.is_err(), "partition 1 is behind");
        feeds[1].put(to + 3, &[("ada", 7), ("bob", 1)]).await;
        let found = waiting.await.expect("a task").expect("it has come");
        assert_eq!(found, numbers(&[("ada", 7)]));
        to += 3;
    }
    let (store, token) = (models.other().await, models.token(&[(0, to - 2), (1, to)]));
    for nobody in [under(&["nobody"]), under(&[])] {
        assert_eq!(ask(&*store, &nobody, &token).await.expect("it is there"), []);
    }
    let all = ask(&*store, &under(&["bob", "ada"]), &token).await.expect("it is there");
    assert_eq!(all, numbers(&[("ada", 7), ("bob", 1)]));
}

/// Every slice of a partition has to come.
pub async fn at_least_waits_for_the_slowest_slice<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.version(1).slices(2)).await;
    let (store, token) = (models.other().await, models.token(&[(0, 5)]));
    feeds[0].put(5, &[("ada", 5)]).await;
    let mut waiting = tokio::spawn(async move { ask(&*store, &under(&["ada"]), &token).await });
    assert!(timeout(SOON, &mut waiting).await.is_err(), "slice 1 is behind");
    feeds[1].put(5, &[]).await;
    let found = waiting.await.expect("a task").expect("it has come");
    assert_eq!(found, numbers(&[("ada", 5)]));
}

async fn go_on<S: ReadModelStore>(feed: &mut Feed<S>, to: u64) {
    feed.put(to, &[("ada", to.cast_signed())]).await;
}

/// While steps are made, and the versions take turns in being the current one: none of the
/// answers is older than what was asked for.
pub async fn at_least_is_never_older<F: ReadModelFixture>(models: Models<F>) {
    let mut shown = models.one(&models.version(1)).await;
    let mut other = models.one(&models.version(2)).await;
    let log = models.token(&[]).log();
    let mut readers = tokio::task::JoinSet::new();
    for way in ways() {
        let store = models.other().await;
        readers.spawn(async move {
            for n in 1..=40 {
                let token = token(log, &[(0, n)]);
                let found = ask(&*store, &way, &token).await.expect("it comes");
                let (_, seen) = found.first().expect("a document");
                assert!(*seen >= n.cast_signed(), "{seen} is older than {n}: {way:?}");
            }
        });
    }
    for n in 1..=40_u32 {
        // It is two events behind, until it is its turn.
        go_on(&mut other, u64::from(n)).await;
        models.store.switch("balances", 1 + n % 2).await.expect("it is not behind");
        std::mem::swap(&mut shown, &mut other);
        // So that readers wait for what comes next.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    while let Some(read) = readers.join_next().await {
        read.expect("a reader who saw what was written");
    }
}

/// What is unknown is refused as it is where one only waits, and the wait has an end.
pub async fn at_least_is_refused_as_the_wait_is<F: ReadModelFixture>(models: Models<F>) {
    let token = models.token(&[(0, 1)]);
    for way in ways() {
        let unknown = ask(&*models.store, &way, &token).await;
        assert!(matches!(unknown, Err(ReachedError::Unknown { .. })), "{unknown:?}");
    }
    models.declare(&models.version(1)).await;
    let elsewhere = self::token(LogId::new(), &[(0, 1)]);
    for way in ways() {
        let other = ask(&*models.store, &way, &elsewhere).await;
        assert!(matches!(other, Err(ReachedError::AnotherLog { .. })), "{other:?}");
        for time in [SOON, Duration::ZERO] {
            let began = Instant::now();
            let late = models.store.documents_at_least("balances", &way, &token, began + time);
            let late = late.await;
            assert!(matches!(late, Err(ReachedError::TimedOut { .. })), "{late:?}");
            assert!(began.elapsed() >= time);
        }
    }
}
