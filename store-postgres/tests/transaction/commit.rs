//! What is staged, and the commit.

use std::time::Duration;

use annals::store::{Append, Delivery, LogQuery};
use annals::{AppendError, EventStore, ExpectedVersion, Partition, Version};
use futures::TryStreamExt;
use sqlx::Connection;
use tokio::time::timeout;

use crate::support::{LONG, Shop, append, event, sell, stream};

const NEW: ExpectedVersion = ExpectedVersion::NoStream;

#[tokio::test]
async fn an_append_and_a_change_of_the_user_are_committed_together() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    let two = Append::to(stream("order-1"), NEW, vec![event(), event()]);
    let last = two.writes[0].events[1].id;
    let two = two.and(stream("order-2"), NEW, vec![event()]);
    shop.store.in_transaction(&mut tx).append(two).await.unwrap();
    assert_eq!(shop.events("order-1").await.len(), 0);
    assert_eq!(shop.pieces().await, 10);

    let appended = shop.store.commit(tx).await.unwrap();
    assert_eq!(shop.pieces().await, 9);
    let [appended] = &*appended else { panic!("one outcome, not {appended:?}") };
    let found = shop.events("order-1").await;
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].id, found[1].recorded_at), (last, appended.recorded_at));
    let [first, second] = &*appended.writes else { panic!("two writes") };
    assert_eq!((first.version, first.position), (found[1].version, found[1].position));
    assert_eq!((first.last, first.events, second.events), (last, 2, 1));
    assert_eq!(second.position, shop.events("order-2").await[0].position);
    assert!(!appended.repeated);
    assert_eq!(shop.staged().await, 0);
}

#[tokio::test]
async fn a_conflict_undoes_the_whole_transaction_and_tells_the_version() {
    let shop = Shop::open().await;
    shop.store.append(append("order-1", NEW)).await.unwrap();
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    let mut staging = shop.store.in_transaction(&mut tx);
    staging.append(append("order-2", NEW)).await.unwrap();
    staging.append(append("order-1", Version::new(3))).await.unwrap();
    match shop.store.commit(tx).await {
        Err(AppendError::Conflict(conflict)) => {
            assert_eq!(conflict.stream, stream("order-1"));
            assert_eq!(conflict.expected, ExpectedVersion::Exactly(Version::new(3)));
            assert_eq!(conflict.actual, Version::new(1));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((shop.pieces().await, shop.staged().await), (10, 0));
    assert_eq!(shop.events("order-2").await.len(), 0);
}

#[tokio::test]
async fn an_append_behind_another_event_than_the_last_diverges() {
    let shop = Shop::open().await;
    shop.store.append(append("order-1", NEW)).await.unwrap();
    let mut tx = shop.pool.begin().await.unwrap();
    let append = append("order-1", Version::new(1)).behind(annals::EventId::new());
    shop.store.in_transaction(&mut tx).append(append).await.unwrap();
    let refused = shop.store.commit(tx).await.unwrap_err();
    assert!(matches!(refused, AppendError::Diverged { version, .. } if version == Version::new(1)));
}

#[tokio::test]
async fn appends_of_one_transaction_see_one_another_in_their_order() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    let mut staging = shop.store.in_transaction(&mut tx);
    for expected in 0..3 {
        staging.append(append("order-1", Version::new(expected))).await.unwrap();
    }
    let appended = shop.store.commit(tx).await.unwrap();
    let versions: Vec<_> = appended.iter().map(|a| a.writes[0].version.get()).collect();
    assert_eq!(versions, [1, 2, 3]);

    let mut tx = shop.pool.begin().await.unwrap();
    let mut staging = shop.store.in_transaction(&mut tx);
    staging.append(append("order-1", Version::new(3))).await.unwrap();
    staging.append(append("order-1", Version::new(3))).await.unwrap();
    let refused = shop.store.commit(tx).await.unwrap_err();
    assert!(matches!(refused, AppendError::Conflict(c) if c.actual == Version::new(4)));
    assert_eq!(shop.events("order-1").await.len(), 3);
}

#[tokio::test]
async fn what_was_staged_behind_a_savepoint_goes_with_it() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    let mut savepoint = tx.begin().await.unwrap();
    shop.store.in_transaction(&mut savepoint).append(append("order-2", NEW)).await.unwrap();
    savepoint.rollback().await.unwrap();
    let mut savepoint = tx.begin().await.unwrap();
    shop.store.in_transaction(&mut savepoint).append(append("order-3", NEW)).await.unwrap();
    savepoint.commit().await.unwrap();
    assert_eq!(shop.store.commit(tx).await.unwrap().len(), 2);
    let mut found = Vec::new();
    for name in ["order-1", "order-2", "order-3"] {
        found.push(shop.events(name).await.len());
    }
    assert_eq!(found, [1, 0, 1]);
}

#[tokio::test]
async fn a_commit_of_the_driver_writes_what_was_staged() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((shop.pieces().await, shop.staged().await), (9, 0));
    assert_eq!(shop.events("order-1").await.len(), 1);

    // And a refusal has its code.
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    let refused = tx.commit().await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("AN010"));
    assert_eq!((shop.pieces().await, shop.staged().await), (9, 0));
}

#[tokio::test]
async fn a_transaction_without_appends_is_committed() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    assert_eq!(shop.store.commit(tx).await.unwrap(), []);
    assert_eq!(shop.pieces().await, 9);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    drop(tx);
    shop.store.append(append("order-1", NEW)).await.unwrap();
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (1, 0));
}

#[tokio::test]
async fn a_refusal_before_the_commit_leaves_no_row_locked_on_a_borrowed_connection() {
    let shop = Shop::open().await;
    let mut connection = shop.stranger().await;
    let mut tx = connection.begin().await.unwrap();
    sell(&mut tx, 1).await;
    let soon = tokio::time::Instant::now() + Duration::from_millis(300);
    let append = append("order-1", NEW).with_deadline(soon);
    shop.store.in_transaction(&mut tx).append(append).await.unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    shop.store.commit(tx).await.unwrap_err();
    let mut other = shop.pool.begin().await.unwrap();
    timeout(LONG, sell(&mut other, 1)).await.expect("the row is locked");
}

#[tokio::test]
async fn followers_are_told_of_a_commit() {
    let shop = Shop::open_with(|log| log.poll_interval(Duration::from_secs(3_600))).await;
    let mut follower = shop.store.subscribe(LogQuery::partition(Partition::FIRST));
    let next = timeout(LONG, follower.try_next()).await.unwrap().unwrap();
    assert!(matches!(next, Some(Delivery::CaughtUp(_))));
    let told = tokio::spawn(async move { follower.try_next().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    shop.store.commit(tx).await.unwrap();
    let next = timeout(LONG, told).await.expect("the follower sleeps").unwrap().unwrap();
    assert!(matches!(next, Some(Delivery::Event(_))));
}

/// On one connection: whatever a commit left behind, the next transaction would find.
#[tokio::test]
async fn a_connection_is_clean_behind_a_commit_and_behind_a_refusal() {
    let shop = Shop::open().await;
    let mut connection = shop.stranger().await;
    for (nth, refused) in [(1, false), (2, true), (3, false)] {
        let mut tx = connection.begin().await.unwrap();
        let expected = if refused { Version::new(77) } else { Version::new(0) };
        let append = append(&format!("order-{nth}"), expected);
        shop.store.in_transaction(&mut tx).append(append).await.unwrap();
        assert_eq!(shop.store.commit(tx).await.is_err(), refused);
        let idle = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(sqlx::query_scalar::<_, i64>(idle).fetch_one(&shop.pool).await.unwrap(), 0);
        let left =
            "SELECT current_setting('annals.outcomes_' || 'annals.staged'::regclass::oid, true)";
        let left: Option<String> =
            sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
        assert_eq!(left.unwrap_or_default(), "");
        // In no transaction this is committed by itself.
        sell(&mut connection, 1).await;
        assert_eq!(shop.pieces().await, 10 - nth);
    }
}

#[tokio::test]
async fn the_table_of_what_is_staged_does_not_grow() {
    let shop = Shop::open().await;
    let round = async || {
        for _ in 0..50 {
            let mut tx = shop.pool.begin().await.unwrap();
            let append = append("order-1", ExpectedVersion::Any);
            shop.store.in_transaction(&mut tx).append(append).await.unwrap();
            shop.store.commit(tx).await.unwrap();
        }
        sqlx::query("VACUUM annals.staged").execute(&shop.pool).await.unwrap();
        let size = "SELECT pg_total_relation_size('annals.staged')";
        sqlx::query_scalar::<_, i64>(size).fetch_one(&shop.pool).await.unwrap()
    };
    let first = round().await;
    let second = round().await;
    let third = round().await;
    assert!(third <= first.max(second), "{first}, then {second}, then {third} bytes");
    assert_eq!(shop.staged().await, 0);
}

#[tokio::test]
async fn a_savepoint_is_refused_and_the_transaction_around_it_goes_on() {
    let shop = Shop::open().await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    let mut savepoint = tx.begin().await.unwrap();
    sell(&mut savepoint, 1).await;
    shop.store.in_transaction(&mut savepoint).append(append("order-2", NEW)).await.unwrap();
    let refused = shop.store.commit(savepoint).await.unwrap_err();
    let AppendError::Store(error) = refused else { panic!("{refused:?}") };
    assert!(!error.is_transient() && error.to_string().contains("savepoint"), "{error}");
    assert_eq!(shop.pieces().await, 10, "nothing was committed");

    assert_eq!(shop.store.commit(tx).await.unwrap().len(), 1);
    assert_eq!((shop.pieces().await, shop.events("order-1").await.len()), (9, 1));
    assert!(shop.events("order-2").await.is_empty());
}
