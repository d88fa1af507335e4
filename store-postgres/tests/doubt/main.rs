//! A8: whatever happens to a connection, an append is answered with what is true, and
//! nothing is written twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod lost;
mod silence;
mod zombies;

#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/tools.rs"]
mod tools;
