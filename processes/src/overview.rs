//! What all instances are about.

use annals::{Origin, Recorded};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::agenda::instance_of;
use crate::book::Book;
use crate::step::ProcessEvent;

/// What is known of one instance, under `<process>/<key>`: for people, and for what watches
/// over them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// What it is about, and what it waits for.
    pub book: Book,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub began: OffsetDateTime,
    /// When it took its last step.
    #[serde(with = "time::serde::rfc3339")]
    pub moved: OffsetDateTime,
    /// How many steps it has taken.
    pub steps: u64,
}

impl Default for Overview {
    fn default() -> Self {
        let never = OffsetDateTime::UNIX_EPOCH;
        Self { book: Book::default(), began: never, moved: never, steps: 0 }
    }
}

impl View for Overview {
    const NAME: &'static str = "annals_processes";
    type Key = String;
    type Event = ProcessEvent;

    fn keys(event: &Recorded<ProcessEvent>) -> Keys<String> {
        if event.origin == Origin::Imported || matches!(event.event, ProcessEvent::Deployed(_)) {
            return Keys::none();
        }
        instance_of(event).map(|(process, instance)| format!("{process}/{instance}")).into()
    }

    fn evolve(&mut self, _: &String, event: &Recorded<ProcessEvent>) {
        let ProcessEvent::Stepped(step) = &event.event else { return };
        self.book.apply(step);
        if self.steps == 0 {
            self.began = event.recorded_at;
        }
        self.moved = event.recorded_at;
        self.steps += 1;
    }
}
