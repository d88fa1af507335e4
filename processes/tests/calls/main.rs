//! The limits of calls, each against a service that misbehaves. The clock stands still while
//! anybody has something to do, so that hours pass in no time, and each run is like the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod breaker;
mod budget;
mod bulkhead;
mod domain;
mod fallback;
#[cfg(feature = "metrics")]
mod figures;
mod service;
mod socket;
mod stopping;
mod time_limits;
mod troubles;
mod world;
