//! What a closure may return as its decision.

use crate::Event;

/// Events in the shapes in which people write them down: one event, a `Vec`, an
/// array, an `Option`, or `()` for none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decision of events of type `{E}`",
    note = "return an event, a `Vec`, an array or an `Option` of events, or `()` for none"
)]
pub trait IntoEvents<E> {
    /// The events, in order.
    fn into_events(self) -> Vec<E>;
}

impl<E: Event> IntoEvents<E> for E {
    fn into_events(self) -> Vec<E> {
        vec![self]
    }
}

impl<E: Event> IntoEvents<E> for Vec<E> {
    fn into_events(self) -> Vec<E> {
        self
    }
}

impl<E: Event, const N: usize> IntoEvents<E> for [E; N] {
    fn into_events(self) -> Vec<E> {
        self.into()
    }
}

impl<E: Event> IntoEvents<E> for Option<E> {
    fn into_events(self) -> Vec<E> {
        self.into_iter().collect()
    }
}

impl<E: Event> IntoEvents<E> for () {
    fn into_events(self) -> Vec<E> {
        Vec::new()
    }
}

/// What a closure that decides may return: [events](IntoEvents), or a `Result`
/// of events and a refusal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decision of events of type `{E}`",
    note = "return an event, a `Vec`, an array or an `Option` of events, `()` for none, or a `Result` of one of these"
)]
pub trait IntoDecision<E> {
    /// Why it may be refused; [`Infallible`](std::convert::Infallible) where it
    /// cannot be.
    type Error;

    /// The events, or the refusal.
    ///
    /// # Errors
    /// The refusal.
    fn into_decision(self) -> Result<Vec<E>, Self::Error>;
}

impl<E: Event, T: IntoEvents<E>, X> IntoDecision<E> for Result<T, X> {
    type Error = X;

    fn into_decision(self) -> Result<Vec<E>, X> {
        self.map(IntoEvents::into_events)
    }
}

macro_rules! never_refused {
    ($($shape:ty),*) => {$(
        impl<E: Event> IntoDecision<E> for $shape {
            type Error = std::convert::Infallible;

            fn into_decision(self) -> Result<Vec<E>, Self::Error> {
                Ok(self.into_events())
            }
        }
    )*};
}

never_refused!(E, Vec<E>, Option<E>, ());

impl<E: Event, const N: usize> IntoDecision<E> for [E; N] {
    type Error = std::convert::Infallible;

    fn into_decision(self) -> Result<Vec<E>, Self::Error> {
        Ok(self.into())
    }
}
