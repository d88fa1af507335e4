//! Money is moved whole, and once.

use annals_memory::MemoryStore;
use futures::future::join_all;

use super::*;

const ADA: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

fn order(id: &str, from: AccountId, to: AccountId, cents: i64) -> Transfer {
    Transfer { id: id.to_owned(), from, to, cents }
}

/// Ada has 1.00, and Bob nothing.
async fn bank() -> Bank {
    let bank = Bank::new(MemoryStore::builder().partitions(4).build().erased());
    bank.open(ADA, "ada".to_owned()).await.unwrap();
    bank.open(BOB, "bob".to_owned()).await.unwrap();
    bank.deposit(ADA, 100).await.unwrap();
    bank
}

async fn holds(bank: &Bank, account: AccountId) -> i64 {
    bank.accounts.load(&account).await.unwrap().state.cents
}

#[tokio::test]
async fn an_order_that_comes_again_is_carried_out_once() {
    let bank = bank().await;
    let all = order("1", ADA, BOB, 100);
    let first = bank.transfer(&all).await.unwrap();
    // The account is empty by now, which is no reason to refuse.
    assert_eq!(bank.transfer(&all).await.unwrap(), first);
    assert_eq!((holds(&bank, ADA).await, holds(&bank, BOB).await), (0, 100));
    let another = bank.transfer(&order("2", ADA, BOB, 1)).await;
    assert!(matches!(another, Err(TransferError::Refused(Refusal::Overdrawn { missing: 1 }))));
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_out_leaves_nothing_behind() {
    let bank = bank().await;
    let nobody = AccountId(99);
    let to_nobody = bank.transfer(&order("1", ADA, nobody, 1)).await;
    assert!(matches!(to_nobody, Err(TransferError::NoReceiver(to)) if to == nobody));
    let from_nobody = bank.transfer(&order("2", nobody, ADA, 1)).await;
    assert!(matches!(from_nobody, Err(TransferError::Refused(Refusal::NotOpen))));
    let to_itself = bank.transfer(&order("3", ADA, ADA, 1)).await;
    assert!(matches!(to_itself, Err(TransferError::ToItself)));
    assert_eq!(holds(&bank, ADA).await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_race_never_spend_more_than_there_is() {
    let bank = bank().await;
    let orders: Vec<_> = (0..40).map(|n| order(&n.to_string(), ADA, BOB, 5)).collect();
    let tasks = orders.into_iter().map(|order| {
        let bank = bank.clone();
        tokio::spawn(async move { bank.transfer(&order).await })
    });
    let made = join_all(tasks).await.into_iter().filter(|made| made.as_ref().unwrap().is_ok());
    assert_eq!(made.count(), 20);
    assert_eq!((holds(&bank, ADA).await, holds(&bank, BOB).await), (0, 100));
}
