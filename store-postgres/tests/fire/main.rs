//! A5: no event arrives late, whatever happens around it.
//!
//! Processes of writers append to one log. The append functions pause between their
//! statements, and so does its commit; batches are rolled back at their commits;
//! connections are ended by the server; and a transaction of another database holds a
//! transaction id all the while. A reader who follows, one who asks again and again,
//! and one who comes late must see the same, and everything that was acknowledged.
//!
//! `ANNALS_FIRE_EVENTS=1000000` makes the first test a long one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod disturb;
mod function;
mod process;
mod readers;
mod run;
mod verdict;

#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/random.rs"]
mod random;
#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/tools.rs"]
mod tools;

use run::{Change, Fire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reader_sees_every_acknowledged_event_once_and_in_order() {
    let mut fire = Fire { processes: 4, writers: 16, events: 8_000, ..Fire::default() };
    if let Ok(events) = std::env::var("ANNALS_FIRE_EVENTS") {
        fire.events = events.parse().expect("a number of events");
        fire.chance = 0.002;
        fire.append = 12;
    }
    let wrong = fire.run().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One writer a process: what it appends is alone, and meets only that of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lonely_appends_of_many_processes_keep_the_order_as_well() {
    let fire = Fire { processes: 8, writers: 1, events: 2_000, append: 1, ..Fire::default() };
    let wrong = Fire { chance: 0.05, ..fire }.run().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_lock_of_lonely_appends_is_noticed() {
    let fire = Fire { processes: 8, writers: 1, events: 1_000, append: 1, ..Fire::default() };
    let breaks = Some(("append_one", function::one_without_the_lock as Change));
    noticed(Fire { breaks, ..fire }).await;
}

/// The proof bites: a defect of the order is noticed, also where no index refuses what
/// it does.
async fn noticed(fire: Fire) {
    let wrong = Fire { chance: 0.05, ..fire }.run().await;
    assert!(!wrong.is_empty(), "nobody has noticed");
    println!("noticed: {}", wrong.join("; "));
}

async fn noticed_of_batches(breaks: Change, past: bool) {
    let fire = Fire { processes: 2, writers: 8, events: 1_000, ..Fire::default() };
    noticed(Fire { breaks: Some(("append", breaks)), past, ..fire }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_lock_is_noticed() {
    noticed_of_batches(function::without_the_lock, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_read_before_the_lock_are_noticed() {
    noticed_of_batches(function::with_the_lock_behind_the_positions, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_isolation_that_sees_the_past_is_noticed() {
    noticed_of_batches(function::under_any_isolation, true).await;
}
