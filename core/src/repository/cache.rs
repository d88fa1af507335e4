//! A bounded cache of aggregates.

use std::sync::Arc;

use quick_cache::sync::Cache as Store;

use crate::fold::Folded;
use crate::{Aggregate, StreamId};

/// Committed states of hot aggregates. Nothing uncommitted enters it, and what
/// is taken from it may be behind: whoever decides on it lets the version check
/// of the append speak, or confirms the head.
pub(crate) struct Cache<A> {
    entries: Store<StreamId, Arc<Folded<A>>>,
    /// Captured where `A: Clone` is known, so that a repository without a cache
    /// does not ask for it.
    clone: fn(&Folded<A>) -> Folded<A>,
}

impl<A: Aggregate> Cache<A> {
    pub(crate) fn new(aggregates: usize) -> Self
    where
        A: Clone,
    {
        Self { entries: Store::new(aggregates), clone: Folded::clone }
    }

    pub(crate) fn get(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.entries.get(stream).map(|folded| (self.clone)(&folded))
    }

    /// Keeps a state, unless a newer one is there. Two writers may still pass
    /// each other here; the older state then costs a conflict, nothing else.
    pub(crate) fn put(&self, stream: &StreamId, folded: &Folded<A>) {
        let known = self.entries.peek(stream);
        if known.is_none_or(|known| (known.version, known.last) < (folded.version, folded.last)) {
            self.entries.insert(stream.clone(), Arc::new((self.clone)(folded)));
        }
    }

    /// Forgets a state of a history that the log does not hold.
    pub(crate) fn remove(&self, stream: &StreamId) {
        self.entries.remove(stream);
    }
}
