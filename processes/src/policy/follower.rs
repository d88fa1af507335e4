//! Follows the log for a policy, and has its commands carried out.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use annals::{IdempotencyKey, Metadata, Recorded, StreamId};
use annals_projections::ExternalProjection;
use futures::stream;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Policy;
use super::forgiving::Forgiving;
use super::hand::{Hand, Outcome};
use crate::calls::Caller;
use crate::executor::{Call, Executor};
use crate::input::Failed;
use crate::instances::told;
use crate::mark::Mark;

/// How many keys have their commands carried out at once.
const AT_ONCE: usize = 64;

/// The most commands that one event asks for.
const MOST: usize = 1_000;

/// The longest key by which events are kept in order.
const MOST_BYTES: usize = 1_000;

/// Turns events into commands: at least once, and before the checkpoint passes the event.
pub(crate) struct Follower<P, X> {
    crew: Arc<Crew<P, X>>,
    hand: Arc<Hand>,
    /// From where on the policy follows the log; set before it is started.
    mark: Arc<OnceLock<Mark>>,
    /// How long the runner is kept waiting at once.
    patience: Duration,
}

/// Who carries the commands out.
struct Crew<P, X> {
    caller: Arc<Caller>,
    executor: Forgiving<P, X>,
    /// Whether the worker stops.
    stop: watch::Receiver<bool>,
}

impl<P: Policy, X: Executor<P::Command>> Crew<P, X> {
    /// Carries a command out. Whatever panics is told as a failure: the event is to blame.
    /// `None` if the worker stops before.
    async fn carry_out(&self, command: &P::Command, call: Call) -> Option<Result<(), Failed>> {
        let work = self.caller.call(&self.executor, command, call, self.stop.clone());
        AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
            let reason = format!("it panicked: {}", told(&*panic));
            Some(Err(Failed { reason, in_doubt: true }))
        })
    }
}

/// Why the events of a policy are not seen to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("commands are still being carried out")]
    UnderWay,
    #[error("the commands of an event were given up by this worker")]
    GivenUp,
    #[error("the policy has panicked: {0}")]
    Panicked(String),
    #[error("an event asks for more than {MOST} commands")]
    TooMany,
    #[error("command {number} of the event was not carried out: {reason}")]
    Failed { number: usize, reason: String },
}

impl<P: Policy, X: Executor<P::Command>> Follower<P, X> {
    pub(crate) fn new(
        executor: X,
        caller: Arc<Caller>,
        mark: Arc<OnceLock<Mark>>,
        lease: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let crew = Arc::new(Crew { caller, executor: Forgiving::new(executor), stop });
        Self { crew, hand: Arc::default(), mark, patience: lease * 2 / 3 }
    }

    /// What it has in hand, for who knows in which partitions it may go on.
    pub(crate) fn hand(&self) -> Arc<Hand> {
        self.hand.clone()
    }

    /// Whether an event is for the policy.
    fn follows(&self, event: &Recorded<P::Event>) -> bool {
        self.mark.get().is_none_or(|mark| mark.follows(event))
    }

    /// Sees to the events of one key, each when those before it are seen to.
    async fn see_to(&self, events: Vec<&Recorded<P::Event>>) -> Result<(), PolicyError> {
        for event in events {
            let outcome = match self.hand.find(event) {
                Some(outcome) => outcome,
                None => match self.begin(event)? {
                    Some(outcome) => outcome,
                    None => continue,
                },
            };
            let Ok(outcome) = outcome.await else {
                self.hand.forget(event);
                return Err(PolicyError::GivenUp);
            };
            self.hand.taken(event);
            outcome.map_err(|(number, Failed { reason, .. })| PolicyError::Failed {
                number,
                reason,
            })?;
        }
        Ok(())
    }

    fn begin(&self, event: &Recorded<P::Event>) -> Result<Option<Outcome>, PolicyError> {
        let react = AssertUnwindSafe(|| P::react(event));
        let commands = catch_unwind(react).map_err(|panic| PolicyError::Panicked(told(&*panic)))?;
        if commands.is_empty() {
            return Ok(None);
        }
        if commands.len() > MOST {
            return Err(PolicyError::TooMany);
        }
        let calls = commands.into_iter().enumerate();
        let calls = calls.map(|(number, command)| (call_of::<P>(event, number), command));
        let (crew, calls): (_, Vec<_>) = (self.crew.clone(), calls.collect());
        let work = async move {
            for (number, (call, command)) in (1..).zip(calls) {
                if let Err(failed) = crew.carry_out(&command, call).await? {
                    return Some(Err((number, failed)));
                }
            }
            Some(Ok(()))
        };
        // As `annals::handling` does, though the work may outlast this call.
        let work = annals::following(Metadata::caused_by(event), work);
        Ok(Some(self.hand.begin(event, work)))
    }

    async fn see_to_all(&self, events: &[&Recorded<P::Event>]) -> Result<(), PolicyError> {
        let mut by_key = BTreeMap::<String, Vec<_>>::new();
        for &event in events.iter().filter(|event| self.follows(event)) {
            by_key.entry(key_of::<P>(event)).or_default().push(event);
        }
        let keys: Vec<_> = by_key.into_values().map(|events| self.see_to(events)).collect();
        let mut seen_to = stream::iter(keys).buffer_unordered(AT_ONCE);
        let mut worst: Option<PolicyError> = None;
        // All keys go on, also where one fails: they are in nobody's way.
        while let Some(result) = seen_to.next().await {
            let Err(error) = result else { continue };
            // What passes is told first, because then all of it comes again.
            if worst.as_ref().is_none_or(|worst| !worst.passes()) {
                worst = Some(error);
            }
        }
        worst.map_or(Ok(()), Err)
    }
}

impl<P: Policy, X: Executor<P::Command>> ExternalProjection for Follower<P, X> {
    const NAME: &'static str = P::NAME;
    /// What has happened before is not for it.
    const FROM_NOW_ON: bool = true;
    const REVISION: u32 = P::REVISION;
    type Event = P::Event;
    type Error = PolicyError;

    async fn handle(&self, events: &[&Recorded<P::Event>]) -> Result<(), PolicyError> {
        if let Some(first) = events.first() {
            self.hand.passed(first);
        }
        let all = Box::pin(self.see_to_all(events));
        let seen_to = timeout(self.patience, all).await.unwrap_or(Err(PolicyError::UnderWay));
        // One event that fails alone is parked. Whoever has it tried again means it.
        if let ([event], Err(error)) = (events, &seen_to)
            && !error.passes()
        {
            self.hand.forget(event);
        }
        seen_to
    }

    /// It was waited for.
    fn is_under_way(error: &PolicyError) -> bool {
        matches!(error, PolicyError::UnderWay)
    }

    fn is_transient(error: &PolicyError) -> bool {
        error.passes()
    }

    fn key(event: &Recorded<P::Event>) -> String {
        key_of::<P>(event)
    }

    fn key_of_stream(_: &StreamId) -> Option<String> {
        None
    }
}

impl PolicyError {
    /// Whether it says nothing about an event.
    fn passes(&self) -> bool {
        matches!(self, PolicyError::UnderWay | PolicyError::GivenUp)
    }
}

/// The key of an event. Where the policy panics, or names none that can be kept, it is the
/// stream of the event: nobody else is held up.
fn key_of<P: Policy>(event: &Recorded<P::Event>) -> String {
    let key = catch_unwind(AssertUnwindSafe(|| P::key(event)));
    let fits = |key: &String| key.len() <= MOST_BYTES && !key.contains('\0');
    key.ok().filter(fits).unwrap_or_else(|| event.stream.to_string())
}

fn call_of<P: Policy>(event: &Recorded<P::Event>, number: usize) -> Call {
    let key = IdempotencyKey::new(format!("annals.policy/{}/{}/{number}", P::NAME, event.id));
    #[expect(clippy::expect_used, reason = "a name, an id and a number are 100 bytes at most")]
    let key = key.expect("a short key");
    let metadata = Metadata::caused_by(event);
    Call { metadata, ..Call::new(event.stream.key(), key, event.recorded_at) }
}
