//! A transaction that is made again.

use annals::store::{Append, IdempotencyKey};
use annals::{AppendError, EventStore, ExpectedVersion};

use crate::support::{Shop, append, event, sell, stream};

const NEW: ExpectedVersion = ExpectedVersion::NoStream;

fn keyed(name: &str, key: &str) -> Append {
    append(name, ExpectedVersion::Any).with_key(IdempotencyKey::new(key).unwrap())
}

async fn order(
    shop: &Shop,
    appends: &[Append],
) -> Result<Vec<annals::store::Appended>, AppendError> {
    let mut tx = shop.pool.begin().await.unwrap();
    sell(&mut tx, 1).await;
    for append in appends {
        shop.store.in_transaction(&mut tx).append(append.clone()).await?;
    }
    shop.store.commit(tx).await
}

#[tokio::test]
async fn a_repeated_transaction_is_undone_and_has_the_first_outcome() {
    let shop = Shop::open_with(|log| log.partitions(4)).await;
    let exact = append("order-1", NEW).and(stream("order-2"), NEW, vec![event(), event()]);
    let keyed = keyed("order-3", "k").and(stream("order-4"), ExpectedVersion::Any, vec![event()]);
    let both = [exact, keyed];
    let first = order(&shop, &both).await.unwrap();
    let others = append("order-2", ExpectedVersion::Any);
    shop.store.append(others).await.unwrap();
    let second = order(&shop, &both).await.unwrap();
    assert_eq!(second.len(), 2);
    for (first, second) in first.iter().zip(&second) {
        assert!(second.repeated && !first.repeated);
        assert_eq!((&first.writes, first.recorded_at), (&second.writes, second.recorded_at));
    }
    assert_eq!((shop.pieces().await, shop.staged().await), (9, 0));
    assert_eq!(shop.events("order-3").await.len(), 1);
}

#[tokio::test]
async fn the_repeat_of_an_append_of_the_store_is_undone_too() {
    let shop = Shop::open().await;
    let first = shop.store.append(keyed("order-1", "k")).await.unwrap();
    let second = order(&shop, &[keyed("order-1", "k")]).await.unwrap();
    assert_eq!(second, [first.repeated()]);
    assert_eq!(shop.pieces().await, 10);
}

#[tokio::test]
async fn a_transaction_of_which_only_a_part_was_written_before_is_refused() {
    let shop = Shop::open().await;
    let one = keyed("order-1", "k");
    order(&shop, std::slice::from_ref(&one)).await.unwrap();
    let refused = order(&shop, &[one, keyed("order-2", "other")]).await.unwrap_err();
    assert!(matches!(&refused, AppendError::Store(error) if !error.is_transient()), "{refused:?}");
    assert!(refused.to_string().contains("nothing was written"));
    assert_eq!((shop.pieces().await, shop.events("order-2").await.len()), (9, 0));
}

#[tokio::test]
async fn a_key_that_is_given_twice_in_one_transaction_is_written_once() {
    let shop = Shop::open().await;
    let appended = order(&shop, &[keyed("order-1", "k"), keyed("order-1", "k")]).await.unwrap();
    assert_eq!(appended[1], appended[0].clone().repeated());
    assert!(!appended[0].repeated);
    assert_eq!((shop.pieces().await, shop.events("order-1").await.len()), (9, 1));
    let exact = append("order-2", NEW);
    let appended = order(&shop, &[exact.clone(), exact]).await.unwrap();
    assert_eq!(appended[1], appended[0].clone().repeated());
    assert_eq!((shop.pieces().await, shop.events("order-2").await.len()), (8, 1));
}

#[tokio::test]
async fn a_key_of_another_command_undoes_the_transaction() {
    let shop = Shop::open().await;
    let with = |command: u64| {
        let key = IdempotencyKey::new("k").unwrap().with_fingerprint(command);
        append("order-1", ExpectedVersion::Any).with_key(key)
    };
    order(&shop, &[with(1)]).await.unwrap();
    let refused = order(&shop, &[with(2)]).await.unwrap_err();
    assert!(matches!(refused, AppendError::KeyReused { stream: s } if s == stream("order-1")));
    assert_eq!(shop.pieces().await, 9);
    assert!(order(&shop, &[with(1)]).await.unwrap()[0].repeated);
}

#[tokio::test]
async fn the_store_finds_the_outcome_under_a_key_of_a_transaction() {
    let shop = Shop::open().await;
    let appended = order(&shop, &[keyed("order-1", "k")]).await.unwrap();
    let key = IdempotencyKey::new("k").unwrap();
    let found = shop.store.outcome(&stream("order-1"), &key).await.unwrap();
    assert_eq!(found, Some(appended[0].clone().repeated()));
    assert_eq!(shop.store.append(keyed("order-1", "k")).await.unwrap(), found.unwrap());
}
