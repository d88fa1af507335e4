//! A bank's ledger: an event-sourced application with its read models, from the first
//! deposit to a rebuild under load, and the proof that no cent is missing.
//!
//! Reading order: `account` (what an account may do), `bank` (what customers order),
//! `balance` and `statement` (what is read), `storage` (where it is kept), `release` (who
//! feeds it), `rebuild` (a new version takes over), `invariants` (what must hold).

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod account;
mod balance;
mod balance2;
mod bank;
mod cli;
mod failure;
mod invariants;
mod money;
mod rebuild;
mod release;
mod statement;
mod storage;
mod traffic;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use annals::{EventStore, Position};
use clap::Parser;
use futures::future::try_join_all;

use account::AccountId;
use balance::Balance;
use bank::Bank;
use cli::{Args, Store};
use failure::Failure;
use money::{Money, grouped};
use release::{Release, Workers};
use storage::Storage;
use traffic::{ACCOUNTS, Traffic};

/// What each account begins with.
const DEPOSIT: i64 = 100_000;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", with_sources(&failure));
            ExitCode::FAILURE
        }
    }
}

/// An error and what it comes from: each message tells its own part only.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    let storage = match (args.store, &args.url) {
        (Store::Memory, None) => Storage::memory(),
        (Store::Memory, Some(_)) => return Err(Failure::UrlOfMemory),
        (Store::Postgres, None) => Storage::throw_away().await?,
        (Store::Postgres, Some(url)) => Storage::postgres(url).await?,
    };
    for partition in storage.log.log().partitions.iter() {
        if storage.log.log_head(partition).await?.position() > Position::START {
            return Err(Failure::NotEmpty);
        }
    }
    let workers = Workers::start(&storage, Release::First, args.workers.into()).await?;
    let bank = Bank::new(storage.log.clone());
    open(&bank).await?;
    transfer(&bank, args.transfers).await?;
    read_own_write(&bank, &storage).await?;

    let more = args.transfers..u64::MAX;
    let traffic = Traffic::start(&bank, more, Duration::from_millis(100));
    let workers = rebuild::rebuild(&storage, workers).await?;
    let made = traffic.stop().await?;
    println!("  {} transfers were made meanwhile", grouped(made.transfers));

    workers.caught_up().await?;
    workers.stop().await?;
    report(&storage).await
}

async fn open(bank: &Bank) -> Result<(), Failure> {
    let open = async |account| {
        bank.open(account, format!("customer {account}")).await?;
        bank.deposit(account, DEPOSIT).await
    };
    // At the same time, so that a store can commit many together.
    try_join_all((1..=ACCOUNTS).map(AccountId).map(open)).await?;
    println!("{ACCOUNTS} accounts are opened, with {} each", Money(DEPOSIT));
    Ok(())
}

async fn transfer(bank: &Bank, count: u64) -> Result<(), Failure> {
    let began = Instant::now();
    let made = Traffic::start(bank, 0..count, Duration::ZERO).finished().await?;
    println!(
        "{} transfers in {:.2?}, and {} refused for lack of money",
        grouped(made.transfers),
        began.elapsed(),
        grouped(made.refused)
    );
    Ok(())
}

/// Whoever has the token of a commit reads what it wrote, whoever feeds the read models.
async fn read_own_write(bank: &Bank, storage: &Storage) -> Result<(), Failure> {
    let (account, views) = (AccountId(1), storage.views());
    let token = bank.deposit(account, 4_200).await?;
    let balance = views.get::<Balance>(&account).at_least(&token).await?;
    let cents = balance.map_or(0, |balance| balance.cents);
    // Before it is asked by SQL, one waits for the projection in the same way.
    views.reached(statement::NAME, &token, Duration::from_secs(5)).await?;
    let lines = storage.lines(Some(account)).await?;
    let last = lines.last().map_or(0, |(_, line)| line.cents);
    println!(
        "account {account} deposits 42.00 and reads at once: a balance of {}, and a statement \
         of {} lines, the last of {}",
        Money(cents),
        grouped(lines.len() as u64),
        Money(last)
    );
    Ok(())
}

/// Tells whether everything is as it must be.
async fn report(storage: &Storage) -> Result<(), Failure> {
    println!("\nat the end");
    let findings = invariants::check(storage).await?;
    for finding in &findings {
        println!("  {finding}");
    }
    match findings.iter().filter(|finding| !finding.holds).count() {
        0 => Ok(()),
        failed => Err(Failure::Invariants(failed)),
    }
}
