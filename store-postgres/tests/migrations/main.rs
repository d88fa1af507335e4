//! The tables of a log are made, upgraded and left alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "a test fails by panicking"
)]

mod failures;
mod files;
mod names;
mod starters;
mod support;
mod versions;
