//! Appending inside a transaction of the user's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "a test fails by panicking"
)]

mod commit;
mod doubt;
mod locks;
mod refused;
mod repeat;
mod support;
