//! State folded from one stream, and how commands are decided on it.

use std::fmt::Display;

use crate::Event;

/// State that is folded from the events of one stream, and decides what may
/// happen next.
///
/// It is pure: no input, no output, no clock, no random numbers. Times and ids
/// that a decision needs come in with the command, so that a replay of the same
/// events gives the same state, always.
///
/// ```
/// use annals::{Aggregate, Event};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, Event)]
/// #[event(prefix = "counter")]
/// enum CounterEvent {
///     Raised { by: u64 },
/// }
///
/// #[derive(Default)]
/// struct Counter(u64);
///
/// impl Aggregate for Counter {
///     const CATEGORY: &'static str = "counter";
///     type Id = str;
///     type Event = CounterEvent;
///
///     fn evolve(&mut self, event: &CounterEvent) {
///         match event {
///             CounterEvent::Raised { by } => self.0 += by,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "implement `Aggregate` for it: its category, its id, its events, and `evolve`"
)]
pub trait Aggregate: Default + Send + Sync + 'static {
    /// The category of its streams: the part of a stream's id before the first
    /// `-`. It has 1 to 64 bytes, holds neither `-` nor NUL and does not begin with
    /// `$`, or the repository of the aggregate does not build (`cargo check` does not
    /// see it). No two aggregates share one, and it never changes once events are
    /// stored.
    const CATEGORY: &'static str;

    /// Raise this number whenever `evolve` changes at all, or the meaning of
    /// what it builds: snapshots that the older code has folded are then
    /// discarded, and believed otherwise. Among such changes are
    ///
    /// - `evolve` begins to use a field of an event, even a new one with a
    ///   default: in a rolling deployment older code folds newer events without
    ///   it, and saves what comes of that;
    /// - a field of the state gets another meaning or unit, another
    ///   `#[serde(with = ..)]` or another `#[serde(try_from = ..)]`.
    ///
    /// Most changes of the fields and variants of the state are noticed without
    /// it; but a number that was raised without need costs no more than one
    /// replay of each stream.
    const REVISION: u32 = 1;

    /// What identifies one: anything that displays, such as a newtype, a UUID
    /// or `str`. The stream's key is what it displays; changing its `Display`
    /// orphans the streams that are stored.
    type Id: Display + Send + Sync + ?Sized;

    /// What happens to it.
    type Event: Event;

    /// Takes in one event. It cannot refuse, and must not panic: the event has
    /// happened, and each load comes here again.
    fn evolve(&mut self, event: &Self::Event);
}

/// How an aggregate decides one kind of command.
///
/// It is pure, as the aggregate is. It takes the command by reference, because
/// after a conflict the same command is decided again, on fresh state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not decide commands of type `{C}`",
    label = "no `Decide<{C}>` for `{Self}`",
    note = "implement `Decide<{C}>` for `{Self}`, or decide in a closure with `Repository::update`"
)]
pub trait Decide<C>: Aggregate {
    /// Why it may refuse.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What happens because of the command; an empty list if nothing does.
    ///
    /// # Errors
    /// The command is refused; nothing happens.
    fn decide(&self, command: &C) -> Result<Vec<Self::Event>, Self::Error>;
}
