//! Waiting until a read model has taken what was written.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::subject::current;
use super::{Models, ReadModelFixture};
use crate::read_model::ReachedError;
use crate::{LogId, Partition, ReadModelStore, Token};

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(200);

fn within(time: Duration) -> Instant {
    Instant::now() + time
}

fn timed_out(ended: &Result<(), ReachedError>, partition: u16) -> bool {
    let wanted = Partition::new(partition);
    matches!(ended, Err(ReachedError::TimedOut { partition, .. }) if *partition == wanted)
}

/// What is there already is not waited for, whatever the deadline.
pub async fn reached_at_once_where_it_is_there<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    feeds[0].put(5, &[]).await;
    let store = models.other().await;
    for token in [models.token(&[]), models.token(&[(0, 4)]), models.token(&[(0, 5)])] {
        store.reached("balances", &token, Instant::now()).await.expect("it is there");
    }
}

/// A commit through any handle wakes who waits for it.
pub async fn reached_when_the_last_partition_has_come<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    let (store, token) = (models.other().await, models.token(&[(0, 5), (1, 7)]));
    let wait = async move { store.reached("balances", &token, within(PATIENCE)).await };
    let mut waiting = tokio::spawn(wait);
    for (feed, to) in [(0, 5), (1, 6)] {
        feeds[feed].put(to, &[]).await;
    }
    assert!(timeout(SOON, &mut waiting).await.is_err(), "partition 1 is one event behind");
    feeds[1].put(7, &[("ada", 7)]).await;
    waiting.await.expect("a task").expect("it has come");
    assert_eq!(models.store.count(&current()).await.expect("a count"), 1);
}

/// The deadline ends the wait, and the answer names who is behind.
pub async fn reached_not_in_time<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.over(1, 2)).await;
    feeds[0].put(5, &[]).await;
    let token = models.token(&[(0, 5), (1, 1)]);
    for time in [SOON, Duration::ZERO] {
        let begun = Instant::now();
        let ended = models.store.reached("balances", &token, within(time)).await;
        assert!(timed_out(&ended, 1), "{ended:?}");
        assert!(begun.elapsed() >= time && begun.elapsed() < PATIENCE);
    }
}

/// Every slice of a partition has to come.
pub async fn reached_by_the_slowest_slice<F: ReadModelFixture>(models: Models<F>) {
    let mut feeds = models.fed(&models.version(1).slices(3)).await;
    let token = models.token(&[(0, 5)]);
    for feed in &mut feeds {
        let ended = models.store.reached("balances", &token, within(SOON)).await;
        assert!(timed_out(&ended, 0), "{ended:?}");
        feed.put(5, &[]).await;
    }
    models.store.reached("balances", &token, within(PATIENCE)).await.expect("all have come");
}

/// Nothing can be said of another log, nor of another name.
pub async fn reached_is_refused_for_what_is_unknown<F: ReadModelFixture>(models: Models<F>) {
    let unknown = models.store.reached("balances", &models.token(&[(0, 1)]), within(SOON)).await;
    assert!(matches!(unknown, Err(ReachedError::Unknown { .. })), "{unknown:?}");
    models.one(&models.version(1)).await.put(5, &[]).await;
    let place = crate::Checkpoint::new(
        LogId::new(),
        Partition::FIRST,
        crate::Position::new(1),
        crate::EventId::new(),
    );
    let token = Token::empty(place.log()).with(place);
    let other = models.store.reached("balances", &token, within(SOON)).await;
    assert!(matches!(other, Err(ReachedError::AnotherLog { .. })), "{other:?}");
}

/// It is the current version that counts, also if it has become so during the wait.
pub async fn reached_by_the_version_that_is_current_by_then<F: ReadModelFixture>(
    models: Models<F>,
) {
    let mut old = models.one(&models.version(1)).await;
    let mut new = models.one(&models.version(2)).await;
    old.put(3, &[]).await;
    let (store, token) = (models.other().await, models.token(&[(0, 5)]));
    let wait = async move { store.reached("balances", &token, within(PATIENCE)).await };
    let mut waiting = tokio::spawn(wait);
    new.put(5, &[]).await;
    assert!(timeout(SOON, &mut waiting).await.is_err(), "the other version answers queries");
    models.store.switch("balances", 2).await.expect("switched");
    waiting.await.expect("a task").expect("it has come");
}
