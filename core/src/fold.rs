//! State folded so far, and how far.

use crate::decode::decode_event;
use crate::repository::LoadError;
use crate::{Aggregate, Checkpoint, EventId, LogId, RawEvent, ReadError, StreamId, Token, Version};

/// An aggregate's state at a version, on its way through a call, a cache or a
/// snapshot.
#[derive(Clone)]
pub(crate) struct Folded<A> {
    pub(crate) state: A,
    pub(crate) version: Version,
    /// The event at `version`: what tells this history from another one.
    pub(crate) last: Option<EventId>,
    /// The checkpoint of the event at `version`, where it was read.
    pub(crate) place: Option<Checkpoint>,
    /// What would have to be read again without a newer snapshot.
    pub(crate) since_snapshot: Replayed,
    /// Whether an event was left out because this code does not know it. Newer
    /// code would fold it, so such a state must not outlive the process.
    pub(crate) skipped: bool,
}

/// How much was folded behind a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Replayed {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
}

impl Replayed {
    fn add(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }
}

impl<A: Aggregate> Folded<A> {
    /// The state before the first event.
    pub(crate) fn empty() -> Self {
        Self::at(A::default(), Version::NONE, None)
    }

    /// A state that was folded up to `version` elsewhere.
    pub(crate) fn at(state: A, version: Version, last: Option<EventId>) -> Self {
        let since_snapshot = Replayed::default();
        Self { state, version, last, place: None, since_snapshot, skipped: false }
    }

    /// Folds the event that follows, as it was read.
    pub(crate) fn read(
        &mut self,
        log: LogId,
        raw: &RawEvent,
        skip_unknown: bool,
    ) -> Result<(), LoadError> {
        expect(&raw.stream, self.version.next(), raw.version)?;
        self.fold(log, raw, skip_unknown)
    }

    /// Folds an event, whatever stands between the state and it.
    pub(crate) fn fold(
        &mut self,
        log: LogId,
        raw: &RawEvent,
        skip_unknown: bool,
    ) -> Result<(), LoadError> {
        match decode_event::<A::Event>(raw) {
            Ok(event) => self.state.evolve(&event),
            Err(error) if skip_unknown && error.is_unknown() => {
                tracing::debug!(target: "annals", event = %error.event(), "event skipped: unknown");
                self.skipped = true;
            }
            Err(error) => return Err(error.into()),
        }
        self.advance(raw.version, raw.checkpoint(log), raw.event.len());
        Ok(())
    }

    /// Folds an event that was committed just now.
    pub(crate) fn committed(&mut self, event: &A::Event, place: Checkpoint, bytes: usize) {
        self.state.evolve(event);
        self.advance(self.version.next(), place, bytes);
    }

    /// Folds an event that is on its way into the log; its place is not known.
    pub(crate) fn uncommitted(&mut self, event: &A::Event, id: EventId, bytes: usize) {
        self.state.evolve(event);
        self.version = self.version.next();
        self.last = Some(id);
        self.place = None;
        self.since_snapshot.add(bytes);
    }

    fn advance(&mut self, version: Version, place: Checkpoint, bytes: usize) {
        self.version = version;
        self.last = place.event();
        self.place = Some(place);
        self.since_snapshot.add(bytes);
    }

    /// The token of the newest event in this state.
    pub(crate) fn token(&self, log: LogId) -> Token {
        self.place.into_iter().fold(Token::empty(log), Token::with)
    }
}

/// Versions are contiguous when they are written; that they still are is
/// asserted whenever they are read.
pub(crate) fn expect(
    stream: &StreamId,
    expected: Version,
    found: Version,
) -> Result<(), ReadError> {
    if found == expected {
        return Ok(());
    }
    Err(ReadError::Damaged { stream: stream.clone(), expected, found })
}
