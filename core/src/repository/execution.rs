//! One call of a repository: its options, and its outcome.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use futures::future::BoxFuture;
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

use crate::repository::deadline::Deadline;
use crate::repository::{ExecuteError, Repository, Retry};
use crate::store::IdempotencyKey;
use crate::{
    Aggregate, ExpectedVersion, InvalidStreamId, Metadata, Recorded, StreamId, Token, Version,
};

/// What a command has done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed<A: Aggregate> {
    /// The state behind the events.
    pub state: A,
    /// The version of the state.
    pub version: Version,
    /// The events that were decided, as they were recorded; none if nothing
    /// had to happen.
    pub events: Vec<Recorded<A::Event>>,
    /// For reading one's own write.
    pub token: Token,
    /// Whether this is the first outcome of an idempotency key, found again:
    /// nothing was decided or written now.
    pub repeated: bool,
}

pub(crate) type Decision<'a, A, E> =
    Box<dyn FnMut(&A) -> Result<Vec<<A as Aggregate>::Event>, E> + Send + 'a>;

/// A command on its way: set options, then await it.
///
/// # Cancellation
/// A dropped execution has written all events of the decision or none, and a
/// store that had the events in hand may still write them. With an idempotency
/// key the same command can be executed again in any case.
#[must_use = "an execution does nothing until it is awaited"]
pub struct Execution<'a, A: Aggregate, E> {
    repository: &'a Repository<A>,
    stream: Result<StreamId, InvalidStreamId>,
    decision: Decision<'a, A, E>,
    command: &'static str,
    call: Call,
}

/// The options of a call.
pub(crate) struct Call {
    pub(crate) metadata: Metadata,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) expected: Option<ExpectedVersion>,
    pub(crate) occurred_at: Option<OffsetDateTime>,
    pub(crate) retry: Retry,
    pub(crate) deadline: Deadline,
}

impl<'a, A: Aggregate, E> Execution<'a, A, E> {
    pub(super) fn new(
        repository: &'a Repository<A>,
        id: &A::Id,
        command: &'static str,
        decision: Decision<'a, A, E>,
    ) -> Self {
        let stream = StreamId::new(A::CATEGORY, id);
        let call = Call {
            metadata: Metadata::new(),
            key: None,
            expected: None,
            occurred_at: None,
            retry: repository.inner.settings.retry,
            deadline: Deadline::In(repository.inner.settings.deadline),
        };
        Self { repository, stream, decision, command, call }
    }

    /// What is known about the events besides what happens.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.call.metadata = metadata;
        self
    }

    /// Makes the command repeatable: under the same key on the same aggregate it
    /// happens once, and each time the first outcome is the answer: its events,
    /// and the state as it was then. A refusal and a decision of no events
    /// consume no key.
    ///
    /// The key is looked up before anything else, so a repeat succeeds whatever
    /// the expected version says and the command would decide by now. A key
    /// [without a fingerprint](IdempotencyKey::for_command) does not notice that
    /// it is used for another command, and answers with the first one's outcome.
    pub fn idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.call.key = Some(key);
        self
    }

    /// Carries out the command only if the aggregate is at this version; else
    /// the answer is [`ExecuteError::VersionMismatch`], also where the command
    /// would be refused or change nothing. Such a call is not retried.
    pub fn expected_version(mut self, version: impl Into<ExpectedVersion>) -> Self {
        self.call.expected = Some(version.into());
        self
    }

    /// When the events happened (a `time::OffsetDateTime`), if that is not when
    /// they are recorded.
    pub fn occurred_at(mut self, time: OffsetDateTime) -> Self {
        self.call.occurred_at = Some(time);
        self
    }

    /// How this call is retried.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.call.retry = retry;
        self
    }

    /// How long this call may take from when it is awaited. A store that is
    /// silent until then leaves open whether it has written:
    /// [`ExecuteError::Unknown`].
    pub fn timeout(mut self, time: Duration) -> Self {
        self.call.deadline = Deadline::In(time);
        self
    }

    /// The moment, of tokio's clock, at which this call gives up; see
    /// [`timeout`](Execution::timeout).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.call.deadline = Deadline::At(deadline);
        self
    }
}

impl<'a, A: Aggregate, E: Send + 'a> IntoFuture for Execution<'a, A, E> {
    type Output = Result<Executed<A>, ExecuteError<E>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Execution { repository, stream, mut decision, command, call } = self;
        Box::pin(async move {
            let stream = stream.map_err(ExecuteError::InvalidId)?;
            let span = tracing::info_span!(target: "annals", "annals.command", command, %stream, attempts = Empty, outcome = Empty, version = Empty, events = Empty);
            let outcome = repository.inner.execute(&stream, call, &mut decision, &span);
            let outcome = outcome.instrument(span.clone()).await;
            record(&span, &outcome);
            outcome
        })
    }
}

/// Says in the command's span how it ended, without naming any content.
fn record<A: Aggregate, E>(span: &tracing::Span, outcome: &Result<Executed<A>, ExecuteError<E>>) {
    let word = match outcome {
        Ok(done) => {
            span.record("version", done.version.get()).record("events", done.events.len());
            if done.repeated { "repeated" } else { "done" }
        }
        Err(ExecuteError::Refused(_)) => "refused",
        Err(ExecuteError::Conflict(_) | ExecuteError::VersionMismatch(_)) => "conflict",
        Err(ExecuteError::Unknown(_)) => "unknown",
        Err(ExecuteError::DeadlineExceeded) => "deadline",
        Err(_) => "failed",
    };
    span.record("outcome", word);
}

impl<A: Aggregate, E> fmt::Debug for Execution<'_, A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Execution");
        debug.field("command", &self.command).field("stream", &self.stream);
        debug.finish_non_exhaustive()
    }
}
