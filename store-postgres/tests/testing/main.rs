//! Throw-away servers and databases do what their documentation says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod databases;
mod orphans;
mod servers;
mod support;
