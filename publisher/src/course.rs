//! What all parts of a publisher in this process have in common.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use annals::store::Filter;
use annals::{Origin, Position, RawEvent};
use tokio::time::Instant;

use crate::error::PublisherError;
use crate::mark::{Marks, Stopped};

/// No receiver is waited for any longer, whatever it asks for.
const LONGEST: Duration = Duration::from_secs(3_600);

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
    /// The receiver asks to be left alone until then.
    until: Option<Instant>,
    /// It wants nothing any more, for this reason.
    gone: Option<String>,
}

/// Why nothing may be sent now.
pub(crate) enum Closed {
    Waits(Duration),
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
        let (until, gone) = {
            let state = self.lock();
            (state.until, state.gone.is_some())
        };
        if gone {
            // Somebody may have said meanwhile, anywhere, that it is to go on.
            let gone = self.still_gone().await?;
            self.lock().gone.clone_from(&gone);
            if let Some(reason) = gone {
                return Ok(Some(Closed::Gone(reason)));
            }
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        Ok(left.filter(|left| !left.is_zero()).map(Closed::Waits))
    }

    async fn still_gone(&self) -> Result<Option<String>, PublisherError> {
        let (_, stopped) = self.marks.stopped().await?;
        let here = stopped.filter(|stopped| stopped.target == self.target);
        Ok(here.map(|stopped| stopped.reason))
    }

    /// The receiver asks to be left alone.
    pub(crate) fn wait(&self, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST);
        let mut state = self.lock();
        state.until = state.until.max(Some(until));
    }

    /// The receiver wants nothing any more: the log keeps that, for all processes and the time
    /// behind a restart.
    pub(crate) async fn gone(&self, reason: &str) -> Result<(), PublisherError> {
        self.lock().gone = Some(reason.to_owned());
        let (target, reason) = (self.target.clone(), reason.to_owned());
        self.marks.stop(Stopped { target, reason }).await
    }
}
