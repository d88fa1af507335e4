//! Until when somebody waits.

use std::time::Duration;

use tokio::time::Instant;

/// A moment so far away counts as never.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The moment when this time is over; adding to an instant panics where the sum cannot be
/// expressed, as with the `Duration::MAX` that people write for no limit.
pub(crate) fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time.min(NEVER)).unwrap_or(now)
}
