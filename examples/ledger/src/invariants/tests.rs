//! What does not hold is found.

use annals_postgres::sqlx::{self, Connection, PgConnection};
use annals_postgres::testing::Database;

use super::*;
use crate::bank::Bank;
use crate::release::{Release, Workers};
use crate::traffic::order;

/// A bank with a few bookings, and all of them read.
async fn bank(storage: &Storage) -> Bank {
    let bank = Bank::new(storage.log.clone());
    for account in (1..=crate::traffic::ACCOUNTS).map(AccountId) {
        bank.open(account, format!("customer {account}")).await.unwrap();
        bank.deposit(account, 5_000).await.unwrap();
    }
    bank.transfer(&order(1)).await.unwrap();
    feed(storage).await;
    bank
}

async fn feed(storage: &Storage) {
    let workers = Workers::start(storage, Release::Second, 1).await.unwrap();
    workers.caught_up().await.unwrap();
    workers.stop().await.unwrap();
}

/// What is said of the invariants that do not hold.
async fn failed(storage: &Storage) -> String {
    let findings = check(storage).await.unwrap();
    let failed = findings.iter().filter(|finding| !finding.holds);
    failed.map(|finding| format!("{finding}\n")).collect()
}

#[tokio::test]
async fn read_models_that_are_behind_are_found() {
    let storage = Storage::memory();
    let bank = bank(&storage).await;
    assert_eq!(failed(&storage).await, "");
    bank.deposit(AccountId(1), 1).await.unwrap();
    let failed = failed(&storage).await;
    assert!(failed.contains("deposits of 5,000.01, balances of 5,000.00"), "{failed}");
    assert_eq!(failed.matches("fresh replay").count(), 2, "{failed}");
}

#[tokio::test]
async fn a_row_that_somebody_has_changed_is_found() {
    let database = Database::create().await.unwrap();
    let storage = Storage::postgres(database.url()).await.unwrap();
    bank(&storage).await;
    assert_eq!(failed(&storage).await, "");
    let mut db = PgConnection::connect(database.url()).await.unwrap();
    let change = "UPDATE read_models_statement_lines_v1.statement_lines SET balance = balance + 1 \
                  WHERE account = 7 AND version = 2";
    sqlx::query(change).execute(&mut db).await.unwrap();
    let failed = failed(&storage).await;
    assert!(failed.contains("102 statement lines, 1 with a wrong balance"), "{failed}");
    assert!(failed.contains("FAILED the statement lines are those of a fresh replay"), "{failed}");
}

#[tokio::test]
async fn a_document_that_somebody_has_changed_is_found() {
    let database = Database::create().await.unwrap();
    let storage = Storage::postgres(database.url()).await.unwrap();
    bank(&storage).await;
    let mut db = PgConnection::connect(database.url()).await.unwrap();
    let change = "UPDATE read_models_balances_v2.balances \
                  SET document = '{\"owner\": \"me\", \"cents\": 1, \"lowest\": 1}' WHERE key = 7";
    sqlx::query(change).execute(&mut db).await.unwrap();
    let failed = failed(&storage).await;
    for what in ["deposits of", "99 of 100 statements", "documents of `balances`"] {
        assert!(failed.contains(what), "{failed}");
    }
}
