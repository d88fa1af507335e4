//! Queues, waits and deadlines.

use std::time::Duration;

use ExpectedVersion::{Any, NoStream};
use annals::store::{Append, NewEvent};
use annals::{AppendError, ExpectedVersion, Payload};
use annals_postgres::PostgresStore;
use tokio::time::Instant;

use crate::tools::{
    Held, append, begin, connect, empty_log, events, of_log, open, stream, waiting,
};

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}

#[tokio::test]
async fn a_full_queue_pushes_back_and_keeps_deadlines() {
    let database = empty_log().await;
    // Room for about one append of the size below.
    let store = open(PostgresStore::builder(database.url()).queue_bytes(64 << 10)).await;
    let large = || {
        let text = format!("\"{}\"", "x".repeat(50_000));
        vec![NewEvent::new("large", Payload::json(text).unwrap())]
    };
    let held = Held::partition(database.url(), 0).await;
    let first = begin(&store, Append::to(stream("first"), NoStream, large()));
    waiting(database.url(), 1).await;
    let waits = begin(&store, Append::to(stream("waits"), NoStream, large()));
    let hurried = Append::to(stream("hurried"), NoStream, large()).with_deadline(soon());
    let answer = append(&store, hurried).await;
    assert!(matches!(answer, Err(AppendError::DeadlineExceeded)), "{answer:?}");
    assert!(!waits.is_finished(), "it waits for room");
    held.release().await;
    first.await.unwrap().unwrap();
    waits.await.unwrap().unwrap();
    // What is larger than the whole queue goes alone.
    let text = format!("\"{}\"", "x".repeat(500_000));
    let huge = vec![NewEvent::new("huge", Payload::json(text).unwrap())];
    append(&store, Append::to(stream("huge"), NoStream, huge)).await.unwrap();
    assert_eq!(of_log(&store).await.len(), 4);
}

#[tokio::test]
async fn a_deadline_that_passes_in_the_queue_means_that_nothing_is_written() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), NoStream, events(1)).with_deadline(soon()));
    waiting(database.url(), 1).await;
    let queued = Append::to(stream("queued"), NoStream, events(1)).with_deadline(soon());
    let dropped = begin(&store, queued.clone());
    let answer = append(&store, queued).await;
    assert!(matches!(answer, Err(AppendError::DeadlineExceeded)), "{answer:?}");
    let answer = sent.await.unwrap();
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    dropped.abort();
    held.release().await;
    append(&store, Append::to(stream("last"), NoStream, events(1))).await.unwrap();
    let names: Vec<_> = of_log(&store).await.into_iter().map(|event| event.stream).collect();
    assert_eq!(names, ["warm", "sent", "last"].map(stream));
}

/// Nobody is there any more to withdraw it.
#[tokio::test]
async fn a_dropped_append_is_not_written_behind_its_deadline() {
    let database = empty_log().await;
    let store = connect(database.url()).await;
    let held = Held::partition(database.url(), 0).await;
    let sent = begin(&store, Append::to(stream("sent"), NoStream, events(1)));
    waiting(database.url(), 1).await;
    let deadline = soon();
    let late = Append::to(stream("late"), NoStream, events(1)).with_deadline(deadline);
    let late = begin(&store, late);
    tokio::time::sleep(Duration::from_millis(10)).await;
    late.abort();
    tokio::time::sleep_until(deadline + Duration::from_millis(1)).await;
    held.release().await;
    sent.await.unwrap().unwrap();
    append(&store, Append::to(stream("last"), NoStream, events(1))).await.unwrap();
    assert_eq!(of_log(&store).await.len(), 3);
}

#[tokio::test]
async fn who_waits_too_long_for_the_order_fails_in_a_way_that_may_pass() {
    let database = empty_log().await;
    // Long enough to make the plans of the first append.
    let short = Duration::from_millis(700);
    let by_lock = PostgresStore::builder(database.url()).lock_timeout(short);
    let by_statement = PostgresStore::builder(database.url()).statement_timeout(short);
    for (name, builder) in [("lock", by_lock), ("statement", by_statement)] {
        let store = open(builder).await;
        let held = Held::partition(database.url(), 0).await;
        let one = Append::to(stream(name), NoStream, events(1));
        let answer = append(&store, one.clone()).await;
        let Err(AppendError::Store(error)) = answer else { panic!("{name}: {answer:?}") };
        assert!(error.is_transient(), "{name}: {error}");
        held.release().await;
        assert!(!append(&store, one).await.unwrap().repeated, "nothing was written");
    }
}

#[tokio::test]
async fn no_limit_is_too_small_or_too_great() {
    let database = empty_log().await;
    for time in [Duration::ZERO, Duration::MAX] {
        let builder = PostgresStore::builder(database.url()).lock_timeout(time);
        let builder = builder.statement_timeout(Duration::MAX).append_timeout(Duration::MAX);
        let store = builder.queue_bytes(0).batch(0).writers(0).connect().await.unwrap();
        append(&store, Append::to(stream("one"), Any, events(1))).await.unwrap();
        assert!(store.close(Duration::MAX).await);
    }
    // Zero is the shortest time, and not none at all.
    let store = PostgresStore::builder(database.url()).lock_timeout(Duration::ZERO);
    let store = store.statement_timeout(Duration::MAX).connect().await.unwrap();
    let held = Held::partition(database.url(), 0).await;
    let answer = append(&store, Append::to(stream("one"), Any, events(1))).await;
    assert!(matches!(&answer, Err(AppendError::Store(e)) if e.is_transient()), "{answer:?}");
    held.release().await;
}
