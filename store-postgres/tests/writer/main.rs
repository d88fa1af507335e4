//! A9 and A10: what stands side by side in the writer does not harm each other, and
//! every wait has an end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod bounds;
mod closing;
mod lanes;
mod neighbours;
mod plans;
mod settings;

#[allow(dead_code, reason = "each test uses its own part")]
#[path = "../support/tools.rs"]
mod tools;
