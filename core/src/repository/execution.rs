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
use crate::repository::part::Part;
use crate::repository::seat::Seat;
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
    pub(super) repository: &'a Repository<A>,
    pub(super) stream: Result<StreamId, InvalidStreamId>,
    pub(super) decision: Decision<'a, A, E>,
    command: &'static str,
    pub(super) call: Call,
    pub(super) parts: Vec<Box<dyn Part<E> + 'a>>,
    /// Where it is itself a part of another one.
    pub(super) seat: Option<Seat<A>>,
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
        Self { repository, stream, decision, command, call, parts: Vec::new(), seat: None }
    }

    /// Decides something else together with this command, and writes it by the same
    /// append: all or nothing. A command on another aggregate, of this repository or
    /// of another one in the same store, or a rule over a read model.
    ///
    /// ```
    /// # use annals::{Aggregate, Event, Repository};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, Serialize, Deserialize, Event)]
    /// # #[event(prefix = "account")]
    /// # enum AccountEvent { Moved { cents: i64 } }
    /// # #[derive(Default)]
    /// # struct Account { cents: i64 }
    /// # impl Aggregate for Account {
    /// #     const CATEGORY: &'static str = "account";
    /// #     type Id = str;
    /// #     type Event = AccountEvent;
    /// #     fn evolve(&mut self, AccountEvent::Moved { cents }: &AccountEvent) { self.cents += cents }
    /// # }
    /// # #[derive(Debug, thiserror::Error)]
    /// # #[error("overdrawn")]
    /// # struct Overdrawn;
    /// # impl Account {
    /// #     fn moved(&self, cents: i64) -> Result<AccountEvent, Overdrawn> {
    /// #         if self.cents + cents < 0 { return Err(Overdrawn) }
    /// #         Ok(AccountEvent::Moved { cents })
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let accounts = Repository::<Account>::new(annals_memory::MemoryStore::new());
    /// # accounts.update("ada", |account| account.moved(80)).await?;
    /// accounts
    ///     .update("ada", |account| account.moved(-50))
    ///     .and(accounts.update("bob", |account| account.moved(50)))
    ///     .await?;
    /// # assert_eq!(accounts.load("bob").await?.state.cents, 50);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// After a conflict on any of the streams everything is decided anew. The options
    /// of this call hold for the whole, but for the metadata, the time and the expected
    /// version that a part has set for itself; an idempotency key belongs here.
    /// The answer is that of this command, and its token is of everything
    /// that was written; a repeat of a key returns it before any part is asked.
    ///
    /// Where this command decides no events, nothing happens, and no part is asked. A
    /// part that decides none writes nothing, its own parts are not asked, and nobody
    /// checks that it would decide so still when the others are written. Such a call does not join the line of a
    /// [hot aggregate](Repository#hot-aggregates): it meets the others as a writer from
    /// elsewhere would.
    pub fn and(mut self, part: impl Part<E> + 'a) -> Self {
        self.parts.push(Box::new(part));
        self
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
        let Execution { repository, stream, mut decision, command, call, mut parts, .. } = self;
        Box::pin(async move {
            let stream = stream.map_err(ExecuteError::InvalidId)?;
            let span = tracing::info_span!(target: "annals", "annals.command", command, %stream, attempts = Empty, outcome = Empty, version = Empty, events = Empty);
            let outcome = repository.inner.execute(&stream, call, &mut decision, &mut parts, &span);
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
