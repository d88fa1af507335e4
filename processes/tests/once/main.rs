//! Everything is once in effect, whatever crashes: a worker lost at each boundary, on memory
//! and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod bank;
#[path = "../../../projections/tests/simulation/dice.rs"]
mod dice;
#[path = "../sagas/domain.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod domain;
mod ending;
mod killed;
mod life;
mod matrix;
mod meddled;
mod odd;
mod place;
mod play;
#[path = "../../../store-postgres/tests/support/random.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod random;
mod shaky;
mod simulation;
