//! A6: what was acknowledged survives the end of the server and of the application,
//! at whatever moment it comes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod application;
mod server;

#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/random.rs"]
mod random;
#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/tools.rs"]
mod tools;
