//! What is decided together with a command, and written by the same append.

use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::repository::commit::{MARGIN, append};
use crate::repository::deadline::before;
use crate::repository::patience::{Patience, Pauses};
use crate::repository::{ExecuteError, Retry};
use crate::store::{Append, Appended};
use crate::{AnyStore, AppendError, Metadata};

/// A part of an append beside the events of a command; see
/// [`Execution::and`](crate::Execution::and).
///
/// Commands on other aggregates are parts, and so are rules over read models. A
/// part is asked for each append anew, so that nothing is ever decided on what a
/// conflict has shown to be old.
///
/// Implement it where a command rests on something else that is kept in the log:
/// read the version of a stream, look at whatever that stream guards, and write to
/// the stream under [`Exactly`](crate::ExpectedVersion::Exactly) that version.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take part in the append of a command that is refused with `{E}`",
    note = "a command on another aggregate can, and a rule, where their refusals are `Into<{E}>`"
)]
pub trait Part<E>: Send {
    /// Reads what is the newest, decides on it, and adds what it writes to the append,
    /// which holds the events of the command and of the parts before this one.
    ///
    /// It reads behind each call of this method and not before: what was read for
    /// the last append may be why it has failed.
    ///
    /// # Errors
    /// A refusal, or why nothing could be decided: then nothing is appended.
    fn join<'p>(
        &'p mut self,
        append: &'p mut Append,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<(), ExecuteError<E>>>;

    /// Whether what [`join`](Self::join) has read last is the newest still. A refusal is
    /// checked by no append, and so it is returned only after all parts which were
    /// asked have confirmed that it rests on one state.
    ///
    /// # Errors
    /// It could not be read.
    fn confirm<'p>(
        &'p mut self,
        occasion: &'p Occasion,
    ) -> BoxFuture<'p, Result<bool, ExecuteError<E>>>;

    /// The append is in the log.
    fn appended(&mut self, appended: &Appended) {
        let _ = appended;
    }
}

pub(crate) type Parts<'a, E> = [Box<dyn Part<E> + 'a>];

/// What holds for all parts of one append.
#[derive(Debug, Clone)]
pub struct Occasion {
    pub(crate) patience: Patience,
    pub(crate) metadata: Metadata,
    pub(crate) occurred_at: Option<OffsetDateTime>,
}

impl Occasion {
    /// An append without a command: with parts, but of events that somebody else has
    /// decided.
    #[must_use]
    pub fn until(deadline: Instant, retry: Retry) -> Self {
        let (metadata, occurred_at) = (Metadata::new(), None);
        Self { patience: Patience::new(deadline, retry), metadata, occurred_at }
    }

    /// When it ends at the latest.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.patience.deadline
    }

    /// The metadata of the command's events.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Does again what failed by something that may pass, as [`Retry`] says and until
    /// the deadline.
    ///
    /// # Errors
    /// The last failure.
    pub async fn retry<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        may_pass: impl Fn(&E) -> bool,
        attempt: impl FnMut() -> F,
    ) -> Result<T, E> {
        self.patience.retry(may_pass, attempt).await
    }

    /// Appends, and appends the same again in doubt and after failures that may pass.
    /// The append must be of exact versions or have a key, so that a try which was
    /// written after all is found again. Without a deadline of its own it is given one
    /// that leaves time to answer.
    ///
    /// # Errors
    /// See [`AppendError`]. A conflict is not retried: decide again.
    pub async fn append(
        &self,
        store: &AnyStore,
        mut what: Append,
    ) -> Result<Appended, AppendError> {
        what.deadline = what.deadline.or(Some(before(self.deadline(), MARGIN)));
        append(store, &what, &self.patience).await
    }

    /// The pauses between attempts, such as to decide again after conflicts.
    #[must_use]
    pub fn pauses(&self) -> Pauses {
        self.patience.pauses()
    }

    /// Ends what only reads at the deadline.
    ///
    /// # Errors
    /// Those of the work, or [`DeadlineExceeded`](ExecuteError::DeadlineExceeded).
    pub async fn limit<T, E>(
        &self,
        work: impl Future<Output = Result<T, ExecuteError<E>>>,
    ) -> Result<T, ExecuteError<E>> {
        self.patience.limit(work).await
    }
}
