//! Who decides what becomes of an append: the writer, or the caller who gives up.

use std::sync::atomic::{AtomicU8, Ordering};

/// An append is taken by the writer or withdrawn by its caller, whoever comes first.
#[derive(Debug, Default)]
pub(super) struct Claim(AtomicU8);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

impl Claim {
    /// For the writer, before it sends the append: from here on it may be written.
    pub(super) fn take(&self) -> bool {
        self.decide(TAKEN)
    }

    /// For the caller who waits no longer: whether it is sure that nothing was and
    /// will be written.
    pub(super) fn withdraw(&self) -> bool {
        self.decide(WITHDRAWN)
    }

    fn decide(&self, now: u8) -> bool {
        let first = self.0.compare_exchange(WAITING, now, Ordering::AcqRel, Ordering::Acquire);
        first.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::Claim;

    #[test]
    fn whoever_comes_first_decides() {
        let taken = Claim::default();
        assert!(taken.take());
        assert!(!taken.withdraw(), "it may be written");
        assert!(!taken.take(), "once");
        let withdrawn = Claim::default();
        assert!(withdrawn.withdraw());
        assert!(!withdrawn.take(), "it will never be written");
    }

    #[test]
    fn of_two_at_once_exactly_one_decides() {
        for _ in 0..500 {
            let claim = Claim::default();
            let (taken, withdrawn) = thread::scope(|scope| {
                let taken = scope.spawn(|| claim.take());
                let withdrawn = scope.spawn(|| claim.withdraw());
                (taken.join().unwrap(), withdrawn.join().unwrap())
            });
            assert!(taken != withdrawn);
        }
    }
}
