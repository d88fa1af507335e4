//! Carrying commands out.

use annals::{ExecuteError, IdempotencyKey, Metadata};
use time::OffsetDateTime;

/// Carries out what a process asks for: hands commands to aggregates, and calls the outside.
///
/// A command is carried out at least once: after a crash, a passed time limit or a lost answer
/// it comes again. [`Call::key`] is the same each time, also years later. Given to a
/// repository as its idempotency key, it makes a command happen once; given to an outside
/// service, it lets the service do the same.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not carry out commands of type `{C}`",
    label = "not an executor of `{C}`",
    note = "implement `annals_processes::Executor<{C}>` for it, with the reply that the process expects"
)]
pub trait Executor<C>: Send + Sync + 'static {
    /// What a command brings back.
    type Reply: Send;

    /// Carries out a command.
    ///
    /// # Errors
    /// See [`Failure`].
    fn execute(
        &self,
        command: &C,
        call: &Call,
    ) -> impl Future<Output = Result<Self::Reply, Failure>> + Send;

    /// What to go on with where a command was given up, instead of telling the process that it
    /// failed: it was refused, its tries are used up, or its time is over. In that last case
    /// the failure is [`Passing`](Failure::Passing) where none of its tries was left in doubt,
    /// and [`Unknown`](Failure::Unknown) else. One that panics counts as `None`.
    fn fallback(&self, command: &C, failure: &Failure) -> Option<Self::Reply> {
        let _ = (command, failure);
        None
    }
}

/// One try to carry out a command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The key of the instance that asks.
    pub instance: String,
    /// What makes the command one and the same, however often it is tried.
    pub key: IdempotencyKey,
    /// Which try this is in this worker, from 1 on.
    pub attempt: u32,
    /// When the command was due.
    pub due: OffsetDateTime,
    /// What the command follows from: the correlation, tenant and trace of what has caused it,
    /// and as its causation the event that has asked for it. What a repository appends in the
    /// task that executes gets it by itself. For calls to the outside, hand its
    /// [trace](Metadata::trace) on.
    pub metadata: Metadata,
}

impl Call {
    /// The first try of a command, without a cause. Workers make these; tests of an
    /// [`Executor`] may, and set what else they need.
    /// ```
    /// # use annals::{IdempotencyKey, Metadata};
    /// # use annals_processes::Call;
    /// # use time::OffsetDateTime;
    /// let key = IdempotencyKey::new("shop/order-1/0").expect("a short key");
    /// let mut call = Call::new("order-1", key, OffsetDateTime::UNIX_EPOCH);
    /// call.metadata = Metadata::new().with_tenant("acme");
    /// assert_eq!(call.attempt, 1);
    /// ```
    #[must_use]
    pub fn new(instance: impl Into<String>, key: IdempotencyKey, due: OffsetDateTime) -> Self {
        Self { instance: instance.into(), key, attempt: 1, due, metadata: Metadata::new() }
    }
}

/// Why a try to carry out a command has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It was refused, and not done; it would be refused again. The process is told.
    #[error("refused: {0}")]
    Refused(String),
    /// It was not done, and may be the next time: it is tried again. Where it is given up in the
    /// end, it counts as in doubt all the same: an earlier try may have been left unanswered.
    #[error("{0}")]
    Passing(String),
    /// Nobody knows whether it was done: it is tried again.
    #[error("{0}")]
    Unknown(String),
}

impl Failure {
    /// It was refused: do not try again.
    #[expect(clippy::needless_pass_by_value, reason = "a text or an error, as it is at hand")]
    pub fn refused(reason: impl ToString) -> Self {
        Self::Refused(reason.to_string())
    }

    /// It was not done: try again.
    #[expect(clippy::needless_pass_by_value, reason = "a text or an error, as it is at hand")]
    pub fn passing(reason: impl ToString) -> Self {
        Self::Passing(reason.to_string())
    }

    /// It may have been done: try again.
    #[expect(clippy::needless_pass_by_value, reason = "a text or an error, as it is at hand")]
    pub fn unknown(reason: impl ToString) -> Self {
        Self::Unknown(reason.to_string())
    }
}

/// What became of a command to an aggregate: `repository.execute(..).await?` in an
/// [`Executor`].
impl<E: std::fmt::Display> From<ExecuteError<E>> for Failure {
    fn from(error: ExecuteError<E>) -> Self {
        let passes = error.is_transient();
        match error {
            ExecuteError::Refused(refusal) => Failure::refused(refusal),
            ExecuteError::Unknown(error) => Failure::unknown(error),
            ExecuteError::Store(error) => Failure::passing(error),
            // Also where it does not decode: newer code is on its way.
            ExecuteError::Load(error) => Failure::passing(error),
            error => {
                let text = error.map_refusal(|refusal| Text(refusal.to_string())).to_string();
                if passes { Failure::Passing(text) } else { Failure::Refused(text) }
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Text(String);
