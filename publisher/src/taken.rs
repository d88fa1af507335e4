//! What a sink has taken lately.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals::EventId;

/// How many are remembered: more than the steps under way of a hundred units.
const MOST: usize = 50_000;

/// The messages that were taken last. Steps that fail, or take longer than a lease, come again
/// as a whole: what was taken of them is not sent twice, and so they get done. It spares work
/// and promises nothing: a crash forgets it.
#[derive(Default)]
pub(crate) struct Taken(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    order: VecDeque<EventId>,
    known: HashSet<EventId>,
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        // It is never held across an await, and nothing under it panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, id: EventId) {
        let mut ring = self.lock();
        if !ring.known.insert(id) {
            return;
        }
        ring.order.push_back(id);
        if ring.order.len() > MOST
            && let Some(oldest) = ring.order.pop_front()
        {
            ring.known.remove(&oldest);
        }
    }

    pub(crate) fn has(&self, id: EventId) -> bool {
        self.lock().known.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let taken = Taken::default();
        let ids: Vec<_> = (0..=MOST).map(|_| EventId::new()).collect();
        for id in &ids {
            taken.add(*id);
            taken.add(*id);
        }
        assert!(!taken.has(ids[0]));
        assert!(taken.has(ids[1]) && taken.has(ids[MOST]));
        assert_eq!(taken.lock().order.len(), MOST);
    }
}
