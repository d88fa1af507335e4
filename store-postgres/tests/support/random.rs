//! Chance, of the simplest kind.

use std::time::Duration;

/// A generator of Lehmer's kind.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator that differs from run to run, and from one number to the next.
    pub(crate) fn new(number: usize) -> Self {
        let id = annals::EventId::new();
        let (seed, _) = id.as_uuid().as_u64_pair();
        Self((seed ^ id.as_uuid().as_u64_pair().1).wrapping_add(number as u64) | 1)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    /// Once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn millis(&mut self, bound: usize) -> Duration {
        Duration::from_millis(self.below(bound) as u64)
    }
}
