//! P1 and P3 with real processes: workers are killed and paused at random moments, and so
//! are their sessions in the database, while writers append; and workers are paused at each
//! of their statements. Afterwards every read model is
//! that of a fresh replay, and its books are those of the log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[path = "../promises/domain.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod domain;
mod place;
mod proxy;
#[path = "../../../store-postgres/tests/support/random.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod random;
#[cfg(target_os = "linux")]
mod stops;
mod worker;

use std::time::Duration;

use tokio::time::sleep;

use place::Place;
use random::Random;
use worker::Worker;

/// How often somebody is killed; more with `ANNALS_KILLS`.
fn kills() -> usize {
    std::env::var("ANNALS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_killed_workers_and_sessions_lose_and_double_nothing() {
    let place = Place::new().await;
    let mut random = Random::new(1);
    let writers = place.write();
    let mut workers = vec![Worker::start(&place), Worker::start(&place)];
    for kill in 0..kills() {
        sleep(Duration::from_millis(20) + random.millis(200)).await;
        if kill % 2 == 0 {
            let victim = random.below(workers.len());
            workers.remove(victim).kill().await;
            workers.push(Worker::start(&place));
        } else {
            place.end_a_session(&mut random).await;
        }
    }
    writers.stop().await;
    drop(workers);
    place.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_workers_paused_past_their_lease_change_nothing_afterwards() {
    let place = Place::new().await;
    let mut random = Random::new(2);
    let writers = place.write();
    let workers = [Worker::start(&place), Worker::start(&place)];
    sleep(Duration::from_millis(700)).await;
    for round in 0..6 {
        sleep(random.millis(120)).await;
        let paused = &workers[round % 2];
        paused.signal("-STOP").await;
        // The other one takes over within twice the lease, and is not held up.
        let other = workers[(round + 1) % 2].label();
        place.until_held_by(&other, worker::LEASE * 2).await;
        sleep(random.millis(300)).await;
        paused.signal("-CONT").await;
        place.until_both_hold(worker::LEASE * 4).await;
    }
    writers.stop().await;
    drop(workers);
    place.verify().await;
}
