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
