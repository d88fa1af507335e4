//! Given a history, when a command comes, then this happens.

#![expect(clippy::needless_pass_by_value, reason = "tests write their values inline")]

use std::convert::Infallible;
use std::fmt::Debug;

use crate::decision::{IntoDecision, IntoEvents};
use crate::decode::encode_event;
use crate::{Aggregate, Codec, Decide, EncodeError, Event};

/// Begins a test of an aggregate with what has happened before; every aggregate
/// has it once this trait is in scope.
pub trait Given: Aggregate {
    /// An aggregate to which these events have happened.
    fn given(events: impl IntoEvents<Self::Event>) -> History<Self> {
        let mut state = Self::default();
        for event in events.into_events() {
            state.evolve(&event);
        }
        History { state }
    }
}

impl<A: Aggregate> Given for A {}

/// An aggregate with a past.
#[derive(Debug)]
#[must_use = "a history tests nothing until `when` and `then` follow"]
pub struct History<A> {
    state: A,
}

impl<A: Aggregate> History<A> {
    /// A command is decided.
    pub fn when<C>(self, command: C) -> Outcome<A, A::Error>
    where
        A: Decide<C>,
    {
        let decided = self.state.decide(&command);
        Outcome { state: self.state, decided }
    }

    /// A decision is made in a closure, as with
    /// [`Repository::update`](crate::Repository::update).
    pub fn when_update<D>(self, decide: impl FnOnce(&A) -> D) -> Outcome<A, D::Error>
    where
        D: IntoDecision<A::Event>,
    {
        let decided = decide(&self.state).into_decision();
        Outcome { state: self.state, decided }
    }

    /// More happens before the command.
    pub fn and_given(mut self, events: impl IntoEvents<A::Event>) -> Self {
        for event in events.into_events() {
            self.state.evolve(&event);
        }
        self
    }

    /// The state that the history has led to.
    #[track_caller]
    pub fn then_state(self, expected: A)
    where
        A: Debug + PartialEq,
    {
        assert_state(&self.state, &expected);
    }
}

/// What was decided, to be compared with what should be.
#[derive(Debug)]
#[must_use = "an outcome tests nothing until a `then` follows"]
pub struct Outcome<A: Aggregate, E = Infallible> {
    state: A,
    decided: Result<Vec<A::Event>, E>,
}

impl<A: Aggregate, E: Debug> Outcome<A, E> {
    /// Exactly these events happen.
    ///
    /// # Panics
    /// Others happen, or the command is refused.
    #[track_caller]
    pub fn then(self, expected: impl IntoEvents<A::Event>)
    where
        A::Event: Debug + PartialEq,
    {
        let (happened, expected) = (self.events(), expected.into_events());
        assert!(
            happened == expected,
            "other events happened\n happened: {happened:?}\n expected: {expected:?}"
        );
    }

    /// The command is accepted and nothing happens.
    ///
    /// # Panics
    /// Something happens, or the command is refused.
    #[track_caller]
    pub fn then_nothing(self)
    where
        A::Event: Debug,
    {
        let events = self.events();
        assert!(events.is_empty(), "nothing should have happened, but: {events:?}");
    }

    /// The command is refused, for exactly this reason.
    ///
    /// # Panics
    /// It is refused for another one, or accepted.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn then_refused(self, expected: E)
    where
        A::Event: Debug,
        E: PartialEq,
    {
        match self.decided {
            Ok(events) => panic!("should have been refused with {expected:?}, but: {events:?}"),
            Err(refusal) => assert!(
                refusal == expected,
                "refused for another reason\n  refused: {refusal:?}\n expected: {expected:?}"
            ),
        }
    }

    /// The command is accepted, and its events lead to exactly this state.
    ///
    /// # Panics
    /// They lead to another one, or the command is refused.
    #[track_caller]
    pub fn then_state(self, expected: A)
    where
        A: Debug + PartialEq,
    {
        let Self { mut state, decided } = self;
        for event in accepted(decided) {
            state.evolve(&event);
        }
        assert_state(&state, &expected);
    }

    #[track_caller]
    fn events(self) -> Vec<A::Event> {
        accepted(self.decided)
    }
}

/// The events that were decided, each of which a store could keep: a test must
/// not be content with what a repository would refuse.
#[track_caller]
#[expect(clippy::panic, reason = "a failed assertion")]
fn accepted<T: Event, E: Debug>(decided: Result<Vec<T>, E>) -> Vec<T> {
    let events = match decided {
        Ok(events) => events,
        Err(refusal) => panic!("should have been accepted, but was refused with {refusal:?}"),
    };
    for event in &events {
        if let Err(error) = storable(event) {
            panic!("an event was decided that could not be stored: {error}");
        }
    }
    events
}

/// Whether some codec keeps the event: which one a store uses, no test of an
/// aggregate knows.
fn storable<T: Event>(event: &T) -> Result<(), EncodeError> {
    let json = encode_event(Codec::Json, event).map(drop);
    #[cfg(feature = "msgpack")]
    let json =
        json.or_else(|error| encode_event(Codec::MessagePack, event).map(drop).map_err(|_| error));
    json
}

#[track_caller]
fn assert_state<A: Debug + PartialEq>(state: &A, expected: &A) {
    assert!(
        state == expected,
        "the state is another one\n    state: {state:?}\n expected: {expected:?}"
    );
}
