//! Commands that are decided while an event is handled know their cause.

use tokio::task::futures::TaskLocalFuture;

use crate::{Metadata, Recorded};

tokio::task_local! {
    static CAUSE: Metadata;
}

/// Runs `work` as the handling of `event`: every command that a repository
/// decides inside gets the event as its cause (see [`Metadata::caused_by`])
/// without further ado. What a call sets for itself wins.
///
/// The cause is known to the task that handles the event; a task spawned inside
/// does not inherit it and needs a `handling` of its own.
///
/// ```
/// # use annals::{Metadata, Recorded};
/// # async fn example(event: annals::RawEvent) {
/// annals::handling(&event, async {
///     // repository.execute(..).await here is caused by `event`.
/// })
/// .await;
/// # }
/// ```
pub fn handling<E, F: Future>(event: &Recorded<E>, work: F) -> TaskLocalFuture<Metadata, F> {
    CAUSE.scope(Metadata::caused_by(event), work)
}

/// Runs `work` as what follows from something: every command that a repository decides inside
/// gets this metadata where it sets none, as in [`handling`]. Use it where the cause is known
/// and the event is not at hand.
pub fn following<F: Future>(metadata: Metadata, work: F) -> TaskLocalFuture<Metadata, F> {
    CAUSE.scope(metadata, work)
}

/// The metadata with which the current task's cause fills in what is not set.
pub(crate) fn with_cause(metadata: Metadata) -> Metadata {
    CAUSE.try_with(|cause| metadata.clone().or(cause)).unwrap_or(metadata)
}
