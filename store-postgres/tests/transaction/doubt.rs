//! Connections that are lost, and futures that are dropped.

use annals::store::Append;
use annals::{AppendError, ExpectedVersion};
use futures::FutureExt;
use sqlx::{Connection, Executor};
use tokio::time::timeout;

use crate::support::{LONG, Shop, append, event, sell, stream};

const NEW: ExpectedVersion = ExpectedVersion::NoStream;

#[tokio::test]
async fn a_connection_lost_while_committing_is_unknown() {
    let shop = Shop::open().await;
    let mut holder = shop.holder(0).await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    let session = sqlx::query_scalar::<_, i32>("SELECT pg_backend_pid()");
    let session = session.fetch_one(&mut *tx).await.unwrap();
    let store = shop.store.clone();
    let commit = tokio::spawn(async move { store.commit(tx).await });
    shop.waiting(1).await;
    let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(session);
    end.execute(&mut holder).await.unwrap();
    let answer = timeout(LONG, commit).await.unwrap().unwrap();
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    holder.execute("ROLLBACK").await.unwrap();
    shop.waiting(0).await;
    assert_eq!((shop.pieces().await, shop.staged().await), (10, 0));
    assert_eq!(shop.events("order-1").await.len(), 0);
}

#[tokio::test]
async fn a_commit_that_is_dropped_is_made_as_a_whole() {
    let shop = Shop::open().await;
    let mut holder = shop.holder(0).await;
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).await.unwrap();
    let store = shop.store.clone();
    let commit = tokio::spawn(async move { store.commit(tx).await });
    shop.waiting(1).await;
    commit.abort();
    assert!(commit.await.unwrap_err().is_cancelled());
    holder.execute("ROLLBACK").await.unwrap();
    // It was on its way, and nobody has called it back.
    let written = async {
        while shop.events("order-1").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, written).await.expect("it was not committed");
    assert_eq!((shop.pieces().await, shop.staged().await), (9, 0));
    // All connections of the pool work.
    let mut all = Vec::new();
    for _ in 0..4 {
        let mut tx = timeout(LONG, shop.pool.begin()).await.unwrap().unwrap();
        sell(&mut tx, 2).await;
        tx.rollback().await.unwrap();
        all.push(timeout(LONG, shop.pool.acquire()).await.unwrap().unwrap());
    }
}

/// Wherever it is dropped, by how often it has been polled.
#[tokio::test]
async fn a_commit_that_is_dropped_early_is_made_as_a_whole_or_not_at_all() {
    let shop = Shop::open().await;
    let mut connection = shop.stranger().await;
    for polls in 1..8 {
        let name = format!("order-{polls}");
        let before = shop.pieces().await;
        let mut tx = connection.begin().await.unwrap();
        sell(&mut tx, 1).await;
        shop.store.in_transaction(&mut tx).append(append(&name, NEW)).await.unwrap();
        let mut commit = Box::pin(shop.store.commit(tx));
        for _ in 0..polls {
            if futures::poll!(&mut commit).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        // The connection ends what was begun on it before it does anything else.
        connection.execute("SELECT 1").await.unwrap();
        let sold = usize::try_from(before - shop.pieces().await).unwrap();
        assert_eq!((shop.events(&name).await.len(), shop.staged().await), (sold, 0));
    }
}

#[tokio::test]
async fn an_append_that_is_dropped_is_staged_as_a_whole_or_not() {
    let shop = Shop::open().await;
    // Rolled back, nothing of it is left.
    let mut tx = shop.pool.begin().await.unwrap();
    drop(shop.store.in_transaction(&mut tx).append(append("order-1", NEW)).now_or_never());
    tx.rollback().await.unwrap();
    assert_eq!((shop.events("order-1").await.len(), shop.staged().await), (0, 0));
    // Committed, there is all of it or nothing, and the transaction has gone on.
    let mut tx = shop.pool.begin().await.unwrap();
    let two = Append::to(stream("order-1"), NEW, vec![event(), event()]);
    drop(shop.store.in_transaction(&mut tx).append(two).now_or_never());
    sell(&mut tx, 1).await;
    let appended = shop.store.commit(tx).await.unwrap();
    assert_eq!(shop.events("order-1").await.len(), 2 * appended.len());
    assert_eq!(shop.pieces().await, 9);
}
