//! The repository and what stands around it, as an application meets it: every
//! test goes through the public API and the store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in tests an unwrap is an assertion, in their helpers too"
)]

mod cache;
mod conflicts;
mod doubt;
mod dropped;
mod given;
mod keys;
mod line;
mod logs;
mod lost_tail;
mod metadata;
mod moments;
mod parts;
mod plain;
mod properties;
mod refused;
mod snapshots;
mod support;
mod traces;
mod unknown;
mod wrap;
