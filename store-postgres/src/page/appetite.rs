//! How many events a walk asks for at once.

use crate::page::{BYTES, EVENTS, Page};

/// How many events the next page of a walk has at most. The server sends what it was
/// asked for, also what has no room in a page any more: where events are large, fewer
/// are asked for, so that it is wasted once and not with every page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appetite(i64);

impl Appetite {
    pub(crate) const GREATEST: Self = Self(EVENTS);

    /// How many to ask for, of whom so many are wanted.
    pub(crate) fn most(self, left: u64) -> i64 {
        i64::try_from(left).unwrap_or(i64::MAX).min(self.0)
    }

    /// What follows from a page.
    pub(crate) fn after(self, page: &Page) -> Self {
        self.behind(page.rows.len(), page.bytes, page.cut)
    }

    /// What follows from so many events of so many bytes.
    pub(crate) fn behind(self, events: usize, bytes: usize, cut: bool) -> Self {
        if cut {
            // A page that was shared with others has been cut before it was full.
            let events = events.saturating_mul((BYTES / bytes.max(1)).max(1));
            return Self(i64::try_from(events).unwrap_or(EVENTS).clamp(1, EVENTS));
        }
        // Twice as many as filled more than half a page would be cut again.
        if bytes > BYTES / 2 { self } else { Self(self.0.saturating_mul(2).min(EVENTS)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = u64::MAX;

    #[test]
    fn a_page_that_was_cut_is_the_measure_of_the_next() {
        let appetite = Appetite::GREATEST.behind(3, BYTES, true);
        assert_eq!(appetite.most(ALL), 3);
        assert_eq!(appetite.most(2), 2);
        assert_eq!(Appetite::GREATEST.behind(0, 0, true).most(ALL), 1);
        assert_eq!(Appetite::GREATEST.behind(1, 3 * BYTES, true).most(ALL), 1);
        // As many again would have had room if there had been no others.
        assert_eq!(Appetite::GREATEST.behind(5, BYTES / 2, true).most(ALL), 10);
    }

    #[test]
    fn it_grows_while_pages_are_small_and_is_never_cut_again_by_events_like_these() {
        let mut appetite = Appetite::GREATEST.behind(3, BYTES, true);
        for _ in 0..10 {
            appetite = appetite.behind(3, BYTES, false);
        }
        assert_eq!(appetite.most(ALL), 3);
        appetite = appetite.behind(3, 300, false);
        assert_eq!(appetite.most(ALL), 6);
        for _ in 0..10 {
            appetite = appetite.behind(6, 600, false);
        }
        assert_eq!(appetite.most(ALL), EVENTS);
    }
}
