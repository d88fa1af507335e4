//! What became of the calls of the last while.

use std::time::Duration;

use tokio::time::Instant;

/// The window is counted in so many parts, and so in as much memory, however many calls.
pub(super) const PARTS: u32 = 10;

/// Calls of the last while, and how many of them failed.
#[derive(Debug)]
pub(super) struct Window {
    origin: Instant,
    part: Duration,
    newest: u128,
    counts: [Count; PARTS as usize],
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) calls: u64,
    pub(super) failures: u64,
}

impl Window {
    pub(super) fn new(window: Duration, origin: Instant) -> Self {
        let part = (window / PARTS).max(Duration::from_nanos(1));
        Self { origin, part, newest: 0, counts: <_>::default() }
    }

    pub(super) fn add(&mut self, failed: bool, now: Instant) {
        self.turn(now);
        let place = self.place(self.newest);
        let count = &mut self.counts[place];
        count.calls += 1;
        count.failures += u64::from(failed);
    }

    pub(super) fn sum(&self) -> Count {
        self.counts.iter().fold(Count::default(), |sum, count| Count {
            calls: sum.calls.saturating_add(count.calls),
            failures: sum.failures.saturating_add(count.failures),
        })
    }

    /// Forgets the parts that are over.
    fn turn(&mut self, now: Instant) {
        let number = now.saturating_duration_since(self.origin).as_nanos() / self.part.as_nanos();
        let over = number.saturating_sub(self.newest).min(u128::from(PARTS));
        // A look at the clock before the lock may be a little behind another one.
        self.newest = self.newest.max(number);
        for back in 0..over {
            let place = self.place(self.newest - back);
            self.counts[place] = Count::default();
        }
    }

    fn place(&self, number: u128) -> usize {
        (number % self.counts.len() as u128) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let origin = Instant::now();
        let mut window = Window::new(Duration::from_secs(10), origin);
        window.add(true, origin);
        window.add(false, origin + Duration::from_secs(9));
        let sum = window.sum();
        assert_eq!((sum.calls, sum.failures), (2, 1));
        window.add(false, origin + Duration::from_secs(10));
        let sum = window.sum();
        assert_eq!((sum.calls, sum.failures), (2, 0));
        window.add(true, origin + Duration::from_secs(100_000));
        let sum = window.sum();
        assert_eq!((sum.calls, sum.failures), (1, 1));
    }
}
