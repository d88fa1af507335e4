//! A bounded cache of aggregates.

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use quick_cache::sync::Cache as Store;

use crate::fold::Folded;
use crate::repository::line::Lines;
use crate::{Aggregate, StreamId};

/// Committed states of hot aggregates, and the lines of the calls on them. Nothing uncommitted enters it, and what
/// is taken from it may be behind: whoever decides on it lets the version check
/// of the append speak, or confirms the head.
pub(crate) struct Cache<A> {
    entries: Store<StreamId, Arc<Folded<A>>>,
    pub(crate) lines: Lines<A>,
    /// Captured where `A: Clone` is known, so that a repository without a cache
    /// does not ask for it.
    clone: fn(&Folded<A>) -> Folded<A>,
}

impl<A: Aggregate> Cache<A> {
    pub(crate) fn new(aggregates: usize) -> Self
    where
        A: Clone,
    {
        Self { entries: Store::new(aggregates), lines: Lines::new(), clone: Folded::clone }
    }

    pub(crate) fn get(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.entries.get(stream).map(|folded| self.copy(&folded))
    }

    pub(crate) fn copy(&self, folded: &Folded<A>) -> Folded<A> {
        (self.clone)(folded)
    }

    /// Keeps a state, unless it or a newer one is there. Two writers may still
    /// pass each other here; the older state then costs a conflict, nothing else.
    /// At the same version, what was read last is believed: another event there
    /// means that the log has lost the history of the other state.
    pub(crate) fn put(&self, stream: &StreamId, folded: &Folded<A>) {
        let known = self.entries.peek(stream);
        let newer = |known: &Folded<A>| match known.version.cmp(&folded.version) {
            Ordering::Less => true,
            Ordering::Equal => known.last != folded.last,
            Ordering::Greater => false,
        };
        if !known.is_none_or(|known| newer(&known)) {
            return;
        }
        // The state is committed: no panic of the user's `Clone` may make it
        // look as if it were not.
        match catch_unwind(AssertUnwindSafe(|| self.copy(folded))) {
            Ok(state) => self.entries.insert(stream.clone(), Arc::new(state)),
            Err(_) => {
                tracing::warn!(target: "annals", %stream, "not cached: the state's Clone panicked");
                self.remove(stream);
            }
        }
    }

    /// Forgets a state of a history that the log does not hold.
    pub(crate) fn remove(&self, stream: &StreamId) {
        self.entries.remove(stream);
    }
}
