//! What a failed step means.

use annals::Position;

use super::super::handler::{Chosen, Failure};
use super::super::plan::{Poison, at};
use super::{Feeder, Interrupt};
use crate::OnFailure;

/// A step that fails certainly is not made smaller than this at once.
const SMALL: usize = 64;

impl Feeder {
    /// A step has failed, with these events behind so many others of it: it is narrowed to
    /// the event that fails, which is tried again and then parked.
    pub(super) fn failed(
        &mut self,
        before: usize,
        events: &[Chosen],
        first: Option<&Chosen>,
        failure: Failure,
    ) -> Interrupt {
        let Failure::Event { nth, reason, certain } = failure else { return failure.into() };
        let all = before + events.len();
        // One that was not given says as little as none.
        let nth = nth.filter(|nth| *nth < events.len());
        if all == 0 {
            // Nothing was applied: it is the books that are refused.
            return Interrupt::Trouble { reason, stands: true };
        }
        let (chosen, place) = match nth {
            Some(nth) => (events.get(nth), before + nth),
            None if all == 1 => (first, 0),
            None => (None, 0),
        };
        let Some(chosen) = chosen else {
            self.limit = (all / 2).max(1);
            return Interrupt::Resume;
        };
        let raw = chosen.raw();
        let reason = at(raw, &reason);
        let stops = self.entry.options.on_failure == OnFailure::Stop;
        if place > 0 && (stops || !certain) {
            // Those before it are committed first.
            self.limit = place;
            return Interrupt::Resume;
        }
        let attempts = self.attempt(raw.position);
        let again = !certain && attempts < self.entry.options.attempts;
        let aside = again && !stops && self.asides.has_room();
        if again && !aside {
            self.limit = 1;
            return Interrupt::Trouble { reason, stands: false };
        }
        if stops {
            return Interrupt::Trouble { reason, stands: true };
        }
        self.poison.insert(raw.position, Poison { reason, attempts, again: aside });
        // The step that comes now ends with it: what lies before is done a second time, and
        // not a third time where the next event that fails is near.
        self.limit = (place + 1).max(SMALL);
        Interrupt::Resume
    }

    /// How often this event has failed, with this time.
    pub(super) fn attempt(&mut self, at: Position) -> u32 {
        let attempts = match self.tries {
            Some((position, attempts)) if position == at => attempts + 1,
            _ => 1,
        };
        self.tries = Some((at, attempts));
        attempts
    }
}
