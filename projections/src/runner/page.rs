//! A piece of the log, read once and decoded once for all who follow it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use annals::{Checkpoint, Event, Position, RawEvent, Recorded};

use super::handler::panicked;

/// Events that stand one behind the other in a partition, as far as anybody here handles
/// them.
pub(crate) struct Page {
    /// It holds what stands behind this position ...
    pub(crate) from: Position,
    /// ... up to and with this one.
    pub(crate) to: Checkpoint,
    pub(crate) events: Vec<RawEvent>,
    pub(crate) bytes: usize,
    decoded: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// The events of a page as `E` reads them, in the places of the page; `None` for those
/// that it does not know by name.
pub(crate) type Decoded<E> = Vec<Option<Result<Recorded<E>, String>>>;

/// A page as it is read by the first who asks.
pub(crate) type Decoding<E> = OnceLock<Decoded<E>>;

impl Page {
    pub(crate) fn new(from: Position, to: Checkpoint, events: Vec<RawEvent>) -> Self {
        // Itself included: many pages of a log of others hold nothing for us.
        let bytes = size_of::<Self>() + events.iter().map(size).sum::<usize>();
        Self { from, to, events, bytes, decoded: Mutex::default() }
    }

    /// Whether it holds what follows this position.
    pub(crate) fn follows(&self, after: Position) -> bool {
        self.from <= after && after < self.to.position()
    }

    /// The events as `E` reads them. The first one to ask has the work.
    pub(crate) fn decoded<E: Event>(&self) -> Arc<Decoding<E>> {
        let cell = {
            let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
            let empty = || Arc::new(Decoding::<E>::new()) as Arc<dyn Any + Send + Sync>;
            decoded.entry(TypeId::of::<E>()).or_insert_with(empty).clone()
        };
        // The key of the map is the type of what it holds.
        let cell = cell.downcast::<Decoding<E>>().unwrap_or_default();
        cell.get_or_init(|| self.events.iter().map(decode::<E>).collect());
        cell
    }
}

/// An event as `E` reads it; else why it cannot be read, which may also be a panic of its
/// code.
fn decode<E: Event>(event: &RawEvent) -> Option<Result<Recorded<E>, String>> {
    let known = E::SCHEMAS.iter().any(|schema| schema.name == event.name);
    known.then(|| {
        let decoded = catch_unwind(AssertUnwindSafe(|| event.clone().decode()));
        decoded.map_err(|panic| panicked(&*panic))?.map_err(|error| error.to_string())
    })
}

/// About as many bytes as an event takes.
pub(crate) fn size(event: &RawEvent) -> usize {
    event.event.bytes().len() + event.stream.as_str().len() + size_of::<RawEvent>()
}
