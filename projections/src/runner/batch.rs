//! Events that were read and not yet applied.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use annals::{Checkpoint, Position};

use super::handler::Chosen;
use super::page::{Page, size};

/// The events of a unit that follow its checkpoint.
pub(crate) struct Batch {
    events: VecDeque<Chosen>,
    /// How far the unit has come.
    start: Checkpoint,
    /// How far was read.
    end: Checkpoint,
    bytes: usize,
}

impl Batch {
    pub(crate) fn behind(checkpoint: Checkpoint) -> Self {
        Self { events: VecDeque::new(), start: checkpoint, end: checkpoint, bytes: 0 }
    }

    /// Adds what a page holds behind the end.
    pub(crate) fn add(&mut self, page: &Arc<Page>, names: &HashSet<String>) {
        for (index, event) in page.events.iter().enumerate() {
            if event.position > self.end.position() && names.contains(&*event.name) {
                self.bytes += size(event);
                self.events.push_back(Chosen { page: page.clone(), index });
            }
        }
        self.end = page.to;
    }

    pub(crate) fn start(&self) -> Checkpoint {
        self.start
    }

    pub(crate) fn end(&self) -> Checkpoint {
        self.end
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_moved(&self) -> bool {
        self.end != self.start
    }

    /// The first events, at most so many and up to a position, and how far they lead.
    pub(crate) fn first(
        &self,
        most: usize,
        hold: Option<&Checkpoint>,
    ) -> (Vec<Chosen>, Checkpoint) {
        let before = |chosen: &&Chosen| hold.is_none_or(|h| chosen.raw().position <= h.position());
        let events: Vec<_> = self.events.iter().take(most).take_while(before).cloned().collect();
        let end = match hold {
            // The position of a hold is that of an event, which may be none of ours.
            Some(hold) if hold.position() < self.end.position() => *hold,
            _ => self.end,
        };
        let cut = self
            .events
            .get(events.len())
            .is_some_and(|next| hold.is_none_or(|hold| next.raw().position <= hold.position()));
        let to = match events.last() {
            Some(last) if cut => last.raw().checkpoint(self.start.log()),
            None if cut => self.start,
            _ => end,
        };
        (events, to)
    }

    /// The step up to here was committed.
    pub(crate) fn done(&mut self, to: Checkpoint) {
        let passed = |chosen: &Chosen, to: Position| chosen.raw().position <= to;
        while self.events.front().is_some_and(|chosen| passed(chosen, to.position())) {
            let chosen = self.events.pop_front();
            self.bytes -= chosen.map_or(0, |chosen| size(chosen.raw()));
        }
        self.start = to;
    }
}
