//! What all parts of a publisher in this process have in common.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use annals::store::Filter;
use annals::{Origin, Position, RawEvent};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::error::PublisherError;
use crate::mark::Stopped;
use crate::marks::Marks;

/// No receiver is waited for any longer, whatever it asks for.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The longest reason that is kept, in characters: what is longer than the log takes could not
/// be, and the receiver would be asked again.
const REASON: usize = 1_000;

/// What a publisher publishes, from where on, and whether it may do so now.
pub(crate) struct Course {
    pub(crate) filter: Filter,
    pub(crate) target: String,
    pub(crate) marks: Marks,
    pub(crate) from_beginning: bool,
    /// The last event of each partition that is not published; set before it is fed.
    behind: OnceLock<Vec<Position>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The receiver asks to be left alone until then, which is also told to people.
    until: Option<(Instant, OffsetDateTime)>,
    /// It wants nothing any more, for this reason.
    gone: Option<String>,
    /// How often that was found out here.
    stops: u64,
}

/// Why nothing may be sent now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    Waits(OffsetDateTime),
    Gone(String),
}

impl Course {
    pub(crate) fn new(filter: Filter, target: String, marks: Marks, from_beginning: bool) -> Self {
        let (behind, state) = (OnceLock::new(), Mutex::default());
        Self { filter, target, marks, from_beginning, behind, state }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is never held across an await, and nothing under it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds out from where on it publishes, and whether it stood still before.
    pub(crate) async fn begin(&self) -> Result<(), PublisherError> {
        let behind = self.marks.begin(self.from_beginning).await?;
        self.behind.get_or_init(|| behind);
        let gone = self.still_gone().await?;
        self.lock().gone = gone;
        Ok(())
    }

    /// Whether an event is one of those that others are to see.
    pub(crate) fn publishes(&self, event: &RawEvent) -> bool {
        // Others have heard of an imported event where it was recorded.
        event.origin == Origin::Native && self.follows(event) && self.filter.passes(event)
    }

    fn follows(&self, event: &RawEvent) -> bool {
        let behind = self.behind.get().and_then(|all| all.get(event.partition.index()));
        // A publisher that has not begun publishes nothing.
        behind.is_some_and(|behind| event.position > *behind)
    }

    /// Whether something may be sent now.
    pub(crate) async fn closed(&self) -> Result<Option<Closed>, PublisherError> {
        let (until, gone, stops) = {
            let state = self.lock();
            (state.until, state.gone.is_some(), state.stops)
        };
        if gone {
            // Somebody may have said meanwhile, anywhere, that it is to go on.
            let gone = self.still_gone().await?;
            let mut state = self.lock();
            // Or another part has found out anew that it is gone.
            if state.stops == stops {
                state.gone = gone;
            }
            if let Some(reason) = &state.gone {
                return Ok(Some(Closed::Gone(reason.clone())));
            }
        }
        let waits = until.filter(|(until, _)| *until > Instant::now());
        Ok(waits.map(|(_, told)| Closed::Waits(told)))
    }

    async fn still_gone(&self) -> Result<Option<String>, PublisherError> {
        let gone = self.marks.standing().await?.map(|standing| standing.gone).unwrap_or_default();
        let here = gone.into_iter().find(|gone| gone.target == self.target);
        Ok(here.map(|gone| gone.reason))
    }

    /// The receiver asks to be left alone.
    pub(crate) fn wait(&self, pause: Duration) {
        let pause = pause.min(LONGEST);
        let until = (Instant::now() + pause, OffsetDateTime::now_utc() + pause);
        let mut state = self.lock();
        state.until = state.until.max(Some(until));
    }

    /// The receiver wants nothing any more: the log keeps that, for all processes and the time
    /// behind a restart.
    pub(crate) async fn gone(&self, reason: &str) -> Result<(), PublisherError> {
        // The log keeps no NUL.
        let kept = |c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
        let reason = reason.chars().take(REASON).map(kept).collect();
        let stopped = Stopped { target: self.target.clone(), reason };
        self.marks.stop(&stopped).await?;
        // Only now: whoever finds it here looks in the log whether it still holds.
        let mut state = self.lock();
        state.gone = Some(stopped.reason);
        state.stops += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use annals::EventStore;
    use annals::testing::{Fault, ScriptedStore};
    use annals_memory::MemoryStore;

    use super::*;

    fn course(log: impl EventStore) -> Course {
        let marks = Marks::new(log.erased(), "orders_out").unwrap();
        Course::new(Filter::all(), "memory".to_owned(), marks, false)
    }

    /// Somebody else looks while it is written that the receiver is gone, and finds nothing yet.
    #[tokio::test(start_paused = true)]
    async fn who_looks_too_early_does_not_open_it_again() {
        let log = ScriptedStore::new(MemoryStore::new());
        let course = course(log.clone());
        course.begin().await.unwrap();
        log.fail(Fault::Slow(Duration::from_secs(1)));
        let (gone, early) = tokio::join!(course.gone("no more"), course.closed());
        gone.unwrap();
        assert_eq!(early.unwrap(), None);
        assert_eq!(course.closed().await.unwrap(), Some(Closed::Gone("no more".to_owned())));
    }

    /// What is told in the same words is logged once, however often it is tried again.
    #[tokio::test(start_paused = true)]
    async fn a_pause_is_told_in_the_same_words_until_it_is_over() {
        let course = course(MemoryStore::new());
        course.wait(Duration::from_secs(60));
        let told = course.closed().await.unwrap();
        assert!(matches!(told, Some(Closed::Waits(_))), "{told:?}");
        tokio::time::advance(Duration::from_secs(30)).await;
        // A shorter one does not end it.
        course.wait(Duration::from_secs(1));
        assert_eq!(course.closed().await.unwrap(), told);
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(course.closed().await.unwrap(), None);
    }
}
