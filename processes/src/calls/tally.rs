//! Counts what is in hand, and remembers the last failure.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals::Clock;

use super::status::{CallError, Calls};
use crate::Failure;
use crate::engine::shortened;
use crate::meter::{Gauge, Meter};

/// What is known of the calls of one kind. A figure may be a moment old, and is never lost:
/// what counts up also counts down where a call is dropped.
pub(super) struct Tally {
    process: &'static str,
    kind: String,
    clock: Arc<dyn Clock>,
    in_hand: AtomicUsize,
    under_way: AtomicUsize,
    retried: AtomicU64,
    last_error: Mutex<Option<CallError>>,
    meter: Meter,
}

impl Tally {
    pub(super) fn new(process: &'static str, kind: String, clock: Arc<dyn Clock>) -> Self {
        let meter = Meter::new(process, &kind);
        Self {
            process,
            kind,
            clock,
            in_hand: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            retried: AtomicU64::new(0),
            last_error: Mutex::new(None),
            meter,
        }
    }

    pub(super) fn in_hand(&self) -> Counted<'_> {
        Counted::new(&self.in_hand, self.meter.in_hand())
    }

    pub(super) fn under_way(&self) -> Counted<'_> {
        Counted::new(&self.under_way, self.meter.under_way())
    }

    pub(super) fn retries(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
        self.meter.retried();
    }

    /// Takes in what became of a try.
    pub(super) fn tried(&self, failure: Option<&Failure>) {
        self.meter.tried(failure);
        let mut last = self.last_error();
        match failure {
            None | Some(Failure::Refused(_)) => {
                if let Some(last) = &mut *last {
                    last.failing_since = None;
                }
            }
            Some(failure) => {
                let at = self.clock.now();
                let since = last.as_ref().and_then(|last| last.failing_since).unwrap_or(at);
                let error = shortened(&failure.to_string());
                *last = Some(CallError { error, at, failing_since: Some(since) });
            }
        }
    }

    pub(super) fn look(&self) -> Calls {
        // In this order: what is begun between the two is not a wait.
        let under_way = self.under_way.load(Ordering::Acquire);
        let in_hand = self.in_hand.load(Ordering::Acquire);
        Calls {
            process: self.process,
            kind: self.kind.clone(),
            under_way,
            waiting: in_hand.saturating_sub(under_way),
            retried: self.retried.load(Ordering::Relaxed),
            circuit: None,
            last_error: self.last_error().clone(),
        }
    }

    fn last_error(&self) -> MutexGuard<'_, Option<CallError>> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is counted until it is dropped.
pub(super) struct Counted<'a> {
    number: &'a AtomicUsize,
    gauge: Gauge,
}

impl<'a> Counted<'a> {
    fn new(number: &'a AtomicUsize, gauge: Gauge) -> Self {
        number.fetch_add(1, Ordering::AcqRel);
        gauge.more();
        Self { number, gauge }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.number.fetch_sub(1, Ordering::AcqRel);
        self.gauge.less();
    }
}
