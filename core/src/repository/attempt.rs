//! From a command to its outcome: decide, append, and decide again on fresh
//! state when others were faster.

use std::time::Duration;

use futures::future::OptionFuture;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::causation::with_cause;
use crate::fold::Folded;
use crate::repository::deadline::{after, before};
use crate::repository::execution::{Call, Decision};
use crate::repository::load::{Base, by};
use crate::repository::{ExecuteError, Executed, Inner};
use crate::store::{Append, Appended, NewEvent};
use crate::{
    Aggregate, AppendError, Conflict, EncodeError, EventStore, ExpectedVersion, StoreError,
    StreamId,
};

/// How long before the call's own deadline a store should be done with an
/// append, at most: time to say what has become of it, because a call that ends
/// without that answer is in doubt.
const MARGIN: Duration = Duration::from_secs(1);

impl<A: Aggregate> Inner<A> {
    pub(crate) async fn execute<E>(
        &self,
        stream: &StreamId,
        mut call: Call,
        decision: &mut Decision<'_, A, E>,
        span: &Span,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let deadline = call.deadline.instant();
        call.metadata = with_cause(std::mem::take(&mut call.metadata));
        if let Some(first) = self.repeated(stream, &call, deadline).await? {
            return Ok(first);
        }
        let mut base = by(deadline, self.base(stream, deadline)).await?;
        let mut pauses = call.retry.pauses();
        let mut attempts = 0u32;
        loop {
            attempts += 1;
            span.record("attempts", attempts);
            let answer = self.attempt(stream, &call, deadline, &mut base, decision).await;
            let conflict = match answer {
                Some(Err(ExecuteError::Conflict(conflict))) => match call.expected {
                    None => conflict,
                    Some(expected) => return Err(ExecuteError::unretried(conflict, expected)),
                },
                Some(answer) => return answer,
                // The cached state was behind. It is the newest now, so this
                // costs no attempt and does not happen again.
                None => continue,
            };
            tracing::debug!(target: "annals", %stream, expected = %conflict.expected, actual = %conflict.actual, attempt = attempts, "conflict");
            let Some(pause) = pauses.next() else {
                return Err(ExecuteError::Conflict(conflict));
            };
            if !rest(pause, deadline).await {
                return Err(ExecuteError::Conflict(conflict));
            }
            if conflict.actual < base.folded.version {
                // The log has lost events that were read before.
                base.confirmed = false;
            }
            by(deadline, self.catch_up(stream, &mut base, deadline)).await?;
        }
    }

    /// Decides once and appends. `None`: the decision rested on a cached state
    /// that was behind, and must be made again.
    async fn attempt<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        deadline: Instant,
        base: &mut Base<A>,
        decision: &mut Decision<'_, A, E>,
    ) -> Option<Result<Executed<A>, ExecuteError<E>>> {
        let expected = call.expected.unwrap_or(ExpectedVersion::Any);
        let decided = if expected.holds(base.folded.version) {
            decision(&base.folded.state).map_err(ExecuteError::Refused)
        } else {
            let actual = base.folded.version;
            Err(ExecuteError::Conflict(Conflict { stream: stream.clone(), expected, actual }))
        };
        match decided {
            Ok(events) if !events.is_empty() => {
                Some(self.commit(stream, call, deadline, base, events).await)
            }
            // What changes nothing is checked by nobody else, so a cached state
            // must be the newest before it is believed.
            unchanged if !base.confirmed => {
                match by(deadline, self.confirm(stream, base, deadline)).await {
                    Ok(true) => Some(self.unchanged(stream, call, deadline, base, unchanged).await),
                    Ok(false) => None,
                    Err(error) => Some(Err(error.into())),
                }
            }
            unchanged => Some(self.unchanged(stream, call, deadline, base, unchanged).await),
        }
    }

    /// A refusal, or a decision of nothing, on the newest state. Where the first
    /// call under the same key was written since the key was looked up, it was
    /// decided behind that call's own events, and means nothing.
    async fn unchanged<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        deadline: Instant,
        base: &mut Base<A>,
        decided: Result<Vec<A::Event>, ExecuteError<E>>,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        if let Some(first) = self.repeated(stream, call, deadline).await? {
            return Ok(first);
        }
        decided.map(|_| self.nothing_happened(base))
    }

    fn nothing_happened(&self, base: &mut Base<A>) -> Executed<A> {
        let folded = std::mem::replace(&mut base.folded, Folded::empty());
        Executed {
            token: folded.token(self.store.log().id),
            state: folded.state,
            version: folded.version,
            events: Vec::new(),
            repeated: false,
        }
    }

    /// Appends what was decided on `base`, and folds it.
    async fn commit<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        deadline: Instant,
        base: &mut Base<A>,
        events: Vec<A::Event>,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let new = self.encode(call, &events).map_err(ExecuteError::Encode)?;
        let append = Append {
            key: call.key.clone(),
            deadline: Some(before(deadline, MARGIN)),
            ..Append::to(stream.clone(), base.folded.version, new)
        };
        let span = tracing::debug_span!(target: "annals", "annals.append", %stream, events = events.len(), expected = %base.folded.version);
        let appended = self.append(&append, call, deadline).instrument(span).await;
        let appended = appended.map_err(ExecuteError::from_append)?;
        let new = append.writes.into_iter().next().map(|write| write.events).unwrap_or_default();
        match appended.writes.first() {
            Some(written) if new.last().is_some_and(|last| last.id == written.last) => {
                Ok(self.committed(stream, base, (events, new), written, &appended))
            }
            // Another call under the same key was faster.
            _ => by(deadline, self.first_outcome(stream, &appended)).await.map_err(Into::into),
        }
    }

    fn encode(&self, call: &Call, events: &[A::Event]) -> Result<Vec<NewEvent>, EncodeError> {
        let encode = |event: &A::Event| {
            let new = NewEvent::encode(self.store.log().codec, event)?;
            let metadata = call.metadata.clone();
            Ok(NewEvent { metadata, occurred_at: call.occurred_at, ..new })
        };
        events.iter().map(encode).collect()
    }

    /// Appends, and appends again in doubt and after failures that may pass.
    /// Both are safe because the ids are the same: where an earlier try was
    /// written after all, its outcome is the answer.
    async fn append(
        &self,
        append: &Append,
        call: &Call,
        deadline: Instant,
    ) -> Result<Appended, AppendError> {
        let mut pauses = call.retry.pauses();
        let mut doubt = false;
        loop {
            let answer = self.store.append(append.clone());
            let answer = tokio::time::timeout_at(deadline, answer).await;
            let silent = |_| Err(AppendError::Unknown(StoreError::transient("no answer in time")));
            let failure = match answer.unwrap_or_else(silent) {
                Ok(appended) => return Ok(appended),
                Err(AppendError::Unknown(failure)) => {
                    doubt = true;
                    failure
                }
                Err(AppendError::Store(failure)) if failure.is_transient() => failure,
                // This try has written nothing, but an earlier one may have.
                Err(error @ (AppendError::Store(_) | AppendError::DeadlineExceeded)) if doubt => {
                    return Err(AppendError::Unknown(StoreError::permanent(error)));
                }
                Err(error) => return Err(error),
            };
            tracing::warn!(target: "annals", %failure, doubt, "append failed");
            let pause = pauses.next().map(|pause| rest(pause, deadline));
            if !OptionFuture::from(pause).await.unwrap_or(false) {
                let error = if doubt { AppendError::Unknown } else { AppendError::Store };
                return Err(error(failure));
            }
        }
    }
}

/// Pauses; `false` if the deadline comes first.
async fn rest(pause: Duration, deadline: Instant) -> bool {
    let until = after(Instant::now(), pause);
    if until >= deadline {
        return false;
    }
    if pause.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep_until(until).await;
    }
    true
}
