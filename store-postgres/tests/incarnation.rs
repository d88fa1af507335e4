//! A log that has lost its tail, by a restore or a failover, is noticed: by whoever
//! follows it, resumes in it, or appends behind what he knew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and not every test uses every tool"
)]

#[path = "incarnation/failover.rs"]
mod failover;
#[path = "incarnation/identity.rs"]
mod identity;
#[path = "following/proxy.rs"]
mod proxy;
#[path = "incarnation/restore.rs"]
mod restore;
#[path = "incarnation/sequences.rs"]
mod sequences;
#[path = "following/support.rs"]
mod support;
