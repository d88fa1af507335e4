//! Events that were read and not yet applied.

use std::collections::VecDeque;
use std::sync::Arc;

use annals::{Checkpoint, Position};

use super::entry::Names;
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
    pub(crate) fn add(&mut self, page: &Arc<Page>, names: &Names) {
        for (index, event) in page.events.iter().enumerate() {
            if event.position > self.end.position() && names.contains(&event.name) {
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

    /// Takes the first events out, at most so many and up to a position; says how far they
    /// lead.
    pub(crate) fn take(
        &mut self,
        most: usize,
        hold: Option<&Checkpoint>,
    ) -> (Vec<Chosen>, Checkpoint) {
        let within = |position: Position| hold.is_none_or(|hold| position <= hold.position());
        let first = self.events.iter().take(most);
        let taken = first.take_while(|chosen| within(chosen.raw().position)).count();
        let cut = self.events.get(taken).is_some_and(|next| within(next.raw().position));
        let events: Vec<_> = self.events.drain(..taken).collect();
        for chosen in &events {
            self.bytes -= size(chosen.raw());
        }
        let to = match (events.last(), hold) {
            (Some(last), _) if cut => last.raw().checkpoint(self.start.log()),
            (None, _) if cut => self.start,
            // The position of a hold is that of an event, which may be none of ours.
            (_, Some(hold)) if hold.position() < self.end.position() => *hold,
            _ => self.end,
        };
        (events, to)
    }

    /// Gives the last of what was taken back.
    pub(crate) fn put_back(&mut self, events: Vec<Chosen>) {
        for chosen in events.into_iter().rev() {
            self.bytes += size(chosen.raw());
            self.events.push_front(chosen);
        }
    }

    /// What was taken up to here is applied.
    pub(crate) fn applied(&mut self, to: Checkpoint) {
        self.start = to;
    }
}
