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

use annals::ExpectedVersion;
use annals::store::Append;
use annals_postgres::PostgresStore;
use tools::{append, events, stream};

/// A store whose appends, of one event and of a batch, are sent in one piece.
async fn connect(url: &str) -> PostgresStore {
    let store = tools::connect(url).await;
    append(&store, Append::to(stream("many"), ExpectedVersion::Any, events(2))).await.unwrap();
    store
}
