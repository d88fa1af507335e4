//! Subscriptions are told of new events, find those of which nobody tells, and go on
//! whatever happens to their connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and not every test uses every tool"
)]

#[path = "following/hints.rs"]
mod hints;
#[path = "following/latency.rs"]
mod latency;
#[path = "following/pages.rs"]
mod pages;
#[path = "following/proxy.rs"]
mod proxy;
#[path = "following/restart.rs"]
mod restart;
#[path = "following/sparing.rs"]
mod sparing;
#[path = "following/standby.rs"]
mod standby;
#[path = "following/support.rs"]
mod support;
