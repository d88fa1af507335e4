//! Webhooks, sent to a receiver of a few lines.

#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod answers;
mod bad;
mod receiver;
mod sent;
mod whole;
