//! Events as they are stored, handed to where no type of them is known.

use std::error::Error;

use annals::RawEvent;

/// What takes events as the log holds them, whatever their types, and lives elsewhere: a
/// publisher, an archive.
///
/// They are handed over at least once, in order for each stream, and the checkpoint follows;
/// see [`ExternalProjection`](crate::ExternalProjection). It is given **every** event of the
/// log, and chooses itself: so its books hold every event, the choice may change at any time,
/// and an audit says that nothing was passed over.
///
/// Its version is always 1: no rebuild reaches it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take events as they are stored",
    note = "implement `annals_projections::RawProjection` for it"
)]
pub trait RawProjection: Send + Sync + 'static {
    /// What goes wrong.
    type Error: Error + Send + Sync + 'static;

    /// Takes events, in their order. Where it fails, the same events come again, perhaps
    /// fewer of them. It is given up where it does not end within a lease.
    fn handle(&self, events: &[&RawEvent]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What a failure means.
    fn verdict(error: &Self::Error) -> Verdict;
}

/// What the failure of a [`RawProjection`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It says nothing about an event, and may pass: the same events come again, with pauses
    /// that grow, until it has passed.
    Passing,
    /// What is done about the events is still under way; see
    /// [`ExternalProjection::is_under_way`](crate::ExternalProjection::is_under_way).
    UnderWay,
    /// It says nothing about an event, and stays until somebody decides something. It is asked
    /// again every now and then, and until then the status shows it as stopped.
    Standing,
    /// This event of those that were given will never be taken, and those before it were: it
    /// is parked, with the later ones of its stream. One that was not given is none: then it is
    /// searched for among them.
    Event(usize),
}
