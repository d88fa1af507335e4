//! Histories go out of a store and into another one, whole or not at all.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "history/damage.rs"]
mod damage;
#[path = "history/format.rs"]
mod format;
#[path = "history/random.rs"]
mod random;
#[path = "history/refusal.rs"]
mod refusal;
#[path = "history/resume.rs"]
mod resume;
#[path = "history/round_trip.rs"]
mod round_trip;
#[path = "history/support.rs"]
mod support;
