//! When a call gives up.

use std::time::Duration;

use tokio::time::Instant;

/// A deadline is a moment, or begins to run when the execution is awaited.
pub(crate) enum Deadline {
    In(Duration),
    At(Instant),
}

impl Deadline {
    pub(crate) fn instant(&self) -> Instant {
        match self {
            Deadline::In(time) => after(Instant::now(), *time),
            Deadline::At(instant) => *instant,
        }
    }
}

/// A moment so far away counts as never.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The moment this long after another; adding to an instant panics where the
/// sum cannot be expressed, as with the `Duration::MAX` that people write for
/// no limit.
pub(crate) fn after(from: Instant, time: Duration) -> Instant {
    from.checked_add(time.min(NEVER)).unwrap_or(from)
}

/// The moment before a deadline by which others should be done: a tenth of the
/// time that is left, but no more than `margin`.
pub(crate) fn before(deadline: Instant, margin: Duration) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline.checked_sub(margin.min(left / 10)).unwrap_or(deadline)
}
