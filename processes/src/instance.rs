//! An instance of a process, folded from its stream.

use annals::{EventId, RawEvent, Version};

use crate::Process;
use crate::book::Book;
use crate::engine::Next;
use crate::error::ProcessError;
use crate::step::ProcessEvent;

/// An instance: the state of the process, and what annals knows of it.
pub(crate) struct Instance<P> {
    pub(crate) state: P,
    pub(crate) book: Book,
    pub(crate) version: Version,
    pub(crate) last: Option<EventId>,
}

impl<P: Process> Instance<P> {
    /// One that has not begun.
    pub(crate) fn new() -> Self {
        Self { state: P::default(), book: Book::default(), version: Version::NONE, last: None }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.version > Version::NONE
    }

    /// Takes in the next event of its stream.
    pub(crate) fn fold(&mut self, raw: RawEvent) -> Result<(), ProcessError> {
        let (version, id) = (raw.version, raw.id);
        if is_step(&raw) {
            let recorded = raw.decode::<ProcessEvent>()?;
            if let ProcessEvent::Stepped(step) = &recorded.event {
                self.book.take(step, &recorded);
            }
        } else {
            self.state.evolve(&raw.decode::<P::Event>()?.event);
        }
        (self.version, self.last) = (version, Some(id));
        Ok(())
    }

    /// Takes in what was written just now.
    pub(crate) fn advance(&mut self, next: &Next<P>, version: Version, last: EventId) {
        self.book.apply(&next.step);
        for event in &next.events {
            self.state.evolve(event);
        }
        (self.version, self.last) = (version, Some(last));
    }
}

fn is_step(raw: &RawEvent) -> bool {
    raw.name.starts_with("annals.process.")
}
