//! What feeds one unit of a read model, whatever its kind.

use std::collections::HashSet;
use std::sync::Arc;

use annals::read_model::{AnyReadModels, AnySession, CommitError, Document, DocumentKey};
use annals::{RawEvent, StoreError, StreamId};
use futures::future::BoxFuture;

use super::page::Page;

/// An event of a page.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) page: Arc<Page>,
    pub(crate) index: usize,
}

impl Chosen {
    pub(crate) fn raw(&self) -> &RawEvent {
        &self.page.events[self.index]
    }
}

/// What a unit's step is made of: a view, a projection, or one that lives elsewhere.
pub(crate) trait Handler: Send {
    /// The first event that does not decode, and why.
    fn unreadable(&self, events: &[Chosen]) -> Option<(usize, String)>;

    /// The keys of an event that decodes, as texts.
    ///
    /// # Errors
    /// They cannot be computed: the reason.
    fn keys(&self, event: &Chosen) -> Result<Vec<String>, String>;

    /// Which of these events touch one of these keys, or cannot say: a quick answer for many
    /// events, of which nearly none does.
    fn touches(&self, events: &[Chosen], parked: &HashSet<String>) -> Vec<bool> {
        let touches = |event| match self.keys(event) {
            Ok(keys) => keys.iter().any(|key| parked.contains(key)),
            Err(_) => true,
        };
        events.iter().map(touches).collect()
    }

    /// The key of all events of a stream, where there is one.
    fn key_of_stream(&self, stream: &StreamId) -> Option<String>;

    /// Makes room, before the first event.
    fn set_up<'a>(&'a mut self, tx: &'a mut AnySession) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = tx;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether a step may begin before all of its events are there.
    fn takes_pieces(&self) -> bool {
        true
    }

    /// Whether events are handed over to where no transaction reaches.
    fn hands_over(&self) -> bool {
        false
    }

    /// Hands events over to where no transaction reaches, before the step begins.
    fn hand_over<'a>(&'a mut self, events: &'a [Chosen]) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = events;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Hands an event over that was parked.
    fn revive<'a>(&'a mut self, event: &'a Chosen) -> BoxFuture<'a, Result<(), Failure>> {
        self.hand_over(std::slice::from_ref(event))
    }

    /// Applies events in their order; a step may have several such pieces.
    fn apply<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: &'a mut AnySession,
        events: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Writes what was applied and is not written yet.
    fn flush<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: &'a mut AnySession,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = (models, tx);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether events are applied by [`prepare`](Self::prepare), in no transaction, and what
    /// they change is written at once when the step ends.
    fn prepares(&self) -> bool {
        false
    }

    /// Applies events in their order, in no transaction.
    fn prepare<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        events: &'a [Chosen],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = (models, events);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes back what an event has changed that fails each time, behind others of the same
    /// piece, which stay applied. Returns whether that could be done; else the step is made
    /// again.
    fn take_back<'a>(
        &'a mut self,
        models: &'a AnyReadModels,
        tx: Option<&'a mut AnySession>,
        before: &'a [Chosen],
        failed: &'a Chosen,
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        let _ = (models, tx, before, failed);
        Box::pin(std::future::ready(Ok(false)))
    }

    /// What was changed, to be written by who asks; each change is told once.
    ///
    /// # Errors
    /// A document cannot be kept.
    fn changes(&mut self) -> Result<Vec<(DocumentKey, Option<Document>)>, Failure> {
        Ok(Vec::new())
    }

    /// How many bytes are to be written, about.
    fn unwritten(&self) -> usize {
        0
    }

    /// The step was committed.
    fn committed(&mut self) {}

    /// The step was not committed, or the lease is a new one: whatever is remembered is
    /// forgotten. `alone`: nobody else writes the same documents.
    fn forget(&mut self, alone: bool) {
        let _ = alone;
    }
}

/// Why a step did not come about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An event could not be applied.
    Event {
        /// Which of those that were to be applied, if that is known.
        nth: Option<usize>,
        reason: String,
        /// Whether it would fail in the same way each time. Where it is known which one
        /// fails, those before it were applied.
        certain: bool,
    },
    /// What is done about the events goes on: hand them over again, and wait further.
    UnderWay(String),
    /// It may pass: try again.
    Passing(String),
    /// It stays until somebody mends it, and says nothing about an event.
    Standing(String),
    /// The step was not committed, or nobody knows.
    Commit(CommitError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Failure::Passing(error.to_string())
        } else if error.is_content() {
            // What was written is that of some event; it may be one that follows from
            // another's, and not fail alone.
            Failure::Event { nth: None, reason: error.to_string(), certain: false }
        } else {
            Failure::Standing(error.to_string())
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            error => Failure::Commit(error),
        }
    }
}

/// What a panic says.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

/// An error with its causes.
pub(crate) fn explained(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        // Many errors repeat what lies below them.
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}
