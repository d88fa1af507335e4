//! Nobody holds the order of the appends while he waits for somebody else.

use std::time::Duration;

use annals::{AppendError, EventStore, ExpectedVersion};
use sqlx::Executor;
use tokio::time::{Instant, timeout};

use crate::support::{LONG, Shop, append, lock, sell, stream_in};

const ANY: ExpectedVersion = ExpectedVersion::Any;

#[tokio::test]
async fn a_transaction_that_stays_open_holds_nobody_up() {
    let shop = Shop::open().await;
    let mut open = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut open).append(append("order-1", ANY)).await.unwrap();
    timeout(LONG, shop.store.append(append("order-2", ANY))).await.unwrap().unwrap();
    let mut other = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut other).append(append("order-1", ANY)).await.unwrap();
    timeout(LONG, shop.store.commit(other)).await.unwrap().unwrap();
    let appended = shop.store.commit(open).await.unwrap();
    assert_eq!(appended[0].writes[0].version.get(), 2);
}

/// Where the lock was taken by the append, the first one would wait for the second's
/// lock with a row that the second waits for.
#[tokio::test]
async fn row_locks_of_two_transactions_do_not_deadlock_with_their_appends() {
    let shop = Shop::open().await;
    let mut first = shop.pool.begin().await.unwrap();
    let mut second = shop.pool.begin().await.unwrap();
    sell(&mut first, 1).await;
    shop.store.in_transaction(&mut second).append(append("order-2", ANY)).await.unwrap();
    let store = shop.store.clone();
    let second = tokio::spawn(async move {
        sell(&mut second, 1).await;
        store.commit(second).await
    });
    shop.waiting(1).await;
    shop.store.in_transaction(&mut first).append(append("order-1", ANY)).await.unwrap();
    timeout(LONG, shop.store.commit(first)).await.unwrap().unwrap();
    timeout(LONG, second).await.unwrap().unwrap().unwrap();
    assert_eq!(shop.pieces().await, 8);
}

/// The check of a foreign key waits for a row that the second transaction holds, which
/// then wants the order of the appends.
#[tokio::test]
async fn constraints_of_the_user_are_checked_before_the_lock_is_taken() {
    let shop = Shop::open().await;
    let table =
        "CREATE TABLE reserved (article int REFERENCES stock DEFERRABLE INITIALLY DEFERRED)";
    shop.pool.execute(table).await.unwrap();
    let mut first = shop.pool.begin().await.unwrap();
    let mut second = shop.pool.begin().await.unwrap();
    second.execute("SELECT FROM stock WHERE article = 1 FOR UPDATE").await.unwrap();
    shop.store.in_transaction(&mut second).append(append("order-2", ANY)).await.unwrap();
    // Staged first, so that its trigger stands before the check.
    shop.store.in_transaction(&mut first).append(append("order-1", ANY)).await.unwrap();
    first.execute("INSERT INTO reserved VALUES (1)").await.unwrap();
    let store = shop.store.clone();
    let first = tokio::spawn(async move { store.commit(first).await });
    shop.waiting(1).await;
    timeout(LONG, shop.store.commit(second)).await.unwrap().unwrap();
    timeout(LONG, first).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn partitions_are_locked_in_rising_order_over_all_that_is_staged() {
    let shop = Shop::open_with(|log| log.partitions(2)).await;
    let mut holder = shop.holder(0).await;
    let mut tx = shop.pool.begin().await.unwrap();
    for partition in [1, 0] {
        let name = stream_in(&shop.store, partition);
        shop.store.in_transaction(&mut tx).append(append(&name, ANY)).await.unwrap();
    }
    let store = shop.store.clone();
    let commit = tokio::spawn(async move { store.commit(tx).await });
    shop.waiting(1).await;
    // It waits for the first one without holding the second one.
    let free = sqlx::query_scalar(lock("pg_try_advisory_xact_lock")).bind(1);
    assert!(free.fetch_one(&mut holder).await.unwrap_or(false));
    holder.execute("ROLLBACK").await.unwrap();
    let appended = timeout(LONG, commit).await.unwrap().unwrap().unwrap();
    assert_eq!(appended.len(), 2);
}

#[tokio::test]
async fn a_deadline_bounds_the_wait_for_the_lock() {
    let shop = Shop::open().await;
    let mut holder = shop.holder(0).await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    let soon = Instant::now() + Duration::from_millis(300);
    let soon = append("order-1", ANY).with_deadline(soon);
    shop.store.in_transaction(&mut tx).append(soon).await.unwrap();
    let refused = timeout(LONG, shop.store.commit(tx)).await.unwrap().unwrap_err();
    // As the server may not have heard of it, it is not known.
    assert!(matches!(refused, AppendError::Unknown(_) | AppendError::Store(_)), "{refused:?}");
    // The server gives up as well.
    shop.waiting(0).await;
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!((shop.pieces().await, shop.events("order-1").await.len()), (10, 0));
}

#[tokio::test]
async fn the_wait_for_the_lock_ends_with_the_lock_timeout() {
    let shop = Shop::open_with(|log| log.lock_timeout(Duration::from_millis(100))).await;
    let _holder = shop.holder(0).await;
    let mut tx = shop.pool.begin().await.unwrap();
    shop.store.in_transaction(&mut tx).append(append("order-1", ANY)).await.unwrap();
    let refused = timeout(LONG, shop.store.commit(tx)).await.unwrap().unwrap_err();
    assert!(matches!(&refused, AppendError::Store(e) if e.is_transient()), "{refused:?}");
}
