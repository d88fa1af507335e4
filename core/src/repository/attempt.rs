//! From a command to its outcome: decide, append, and decide again on fresh
//! state when others were faster.

use tokio::time::Instant;
use tracing::Span;

use crate::causation::with_cause;
use crate::fold::Folded;
use crate::repository::commit::{Decided, append};
use crate::repository::execution::{Call, Decision};
use crate::repository::in_line::Course;
use crate::repository::load::Base;
use crate::repository::part::{Occasion, Parts};
use crate::repository::patience::Patience;
use crate::repository::seat::is_an_opinion;
use crate::repository::{ExecuteError, Executed, Inner};
use crate::{Aggregate, AppendError, Conflict, EventStore, ExpectedVersion, StreamId};

/// How an attempt ended.
pub(super) enum Answer<A: Aggregate, E> {
    /// For good.
    Final(Result<Executed<A>, ExecuteError<E>>),
    /// Others were faster.
    Conflict(Conflict),
    /// The decision rested on a state that was not the newest. It is now.
    Again,
    /// The decision rested on an append of the line that was not known to be
    /// committed and, it seems, has failed.
    Baseless,
    /// The decision rested on a history that the log has lost.
    Diverged(AppendError),
}

impl<A: Aggregate> Inner<A> {
    pub(crate) async fn execute<E>(
        &self,
        stream: &StreamId,
        mut call: Call,
        decision: &mut Decision<'_, A, E>,
        parts: &mut Parts<'_, E>,
        span: &Span,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let patience = Patience::new(call.deadline.instant(), call.retry);
        call.metadata = with_cause(std::mem::take(&mut call.metadata));
        if let Some(first) = self.repeated(stream, &call, &patience).await? {
            return Ok(first);
        }
        if let (Some(cache), None, true) = (&self.cache, call.expected, parts.is_empty()) {
            let visit = cache.lines.visit(stream);
            let course = Course { stream, call: &call, patience: &patience, line: visit.line() };
            return self.execute_in_line(cache, course, decision, span).await;
        }
        let mut base = patience.limit(self.base(stream, &patience)).await?;
        let mut pauses = patience.pauses();
        let mut attempts = 0u32;
        loop {
            attempts += 1;
            span.record("attempts", attempts);
            let attempt = self.attempt(stream, &call, &patience, &mut base, decision, parts);
            let conflict = match attempt.await {
                Answer::Final(answer) => return answer,
                // This costs no attempt: reading makes the state the newest, so it
                // goes on only while the log changes under it, and ends in time.
                Answer::Again | Answer::Baseless if Instant::now() < patience.deadline => continue,
                Answer::Again | Answer::Baseless => return Err(ExecuteError::DeadlineExceeded),
                Answer::Diverged(error) => {
                    let lost = base.folded.last;
                    patience.limit(self.catch_up(stream, &mut base, &patience)).await?;
                    // What is read may lag behind what is written to, as during
                    // a failover: then the same state comes again.
                    if base.folded.last == lost && !pauses.rest().await {
                        return Err(ExecuteError::from_append(error));
                    }
                    continue;
                }
                Answer::Conflict(conflict) => conflict,
            };
            // What the call expects is of its own stream; parts are asked anew.
            if let Some(expected) = call.expected.filter(|_| conflict.stream == *stream) {
                return Err(ExecuteError::unretried(conflict, expected));
            }
            tracing::debug!(target: "annals", stream = %conflict.stream, expected = %conflict.expected, actual = %conflict.actual, attempt = attempts, "conflict");
            if !pauses.rest().await {
                return Err(ExecuteError::Conflict(conflict));
            }
            patience.limit(self.catch_up(stream, &mut base, &patience)).await?;
        }
    }

    /// Decides once, asks the parts, and appends.
    async fn attempt<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        patience: &Patience,
        base: &mut Base<A>,
        decision: &mut Decision<'_, A, E>,
        parts: &mut Parts<'_, E>,
    ) -> Answer<A, E> {
        let unchanged = match self.decide(stream, call, patience, &base.folded, decision) {
            Ok(Some(mut decided)) => match self.join(call, patience, &mut decided, parts).await {
                Ok(()) => {
                    return self.carry_out(stream, patience, base, decided, parts).await;
                }
                // Others have read since this state was read from the log: it is looked
                // at once more, for it may have changed together with what they have read.
                Err(Answer::Final(Err(refused))) if is_an_opinion(&refused) => {
                    base.confirmed = false;
                    Err(refused)
                }
                Err(answer) => return answer,
            },
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.believe(stream, call, patience, base, unchanged).await
    }

    /// Lets the parts decide what else is appended. What one of them refuses is an
    /// answer only if all that was read for it is the newest still: what they have
    /// read one after the other may never have stood side by side.
    async fn join<E>(
        &self,
        call: &Call,
        patience: &Patience,
        decided: &mut Decided<A>,
        parts: &mut Parts<'_, E>,
    ) -> Result<(), Answer<A, E>> {
        if parts.is_empty() {
            return Ok(());
        }
        let (metadata, occurred_at) = (call.metadata.clone(), call.occurred_at);
        let occasion = Occasion { patience: *patience, metadata, occurred_at };
        let append = &mut decided.append;
        let joined = async {
            for nth in 0..parts.len() {
                let refused = match parts[nth].join(append, &occasion).await {
                    Err(error) if is_an_opinion(&error) => error,
                    Err(error) => return Err(Answer::Final(Err(error))),
                    Ok(()) => continue,
                };
                for part in &mut parts[..=nth] {
                    match part.confirm(&occasion).await {
                        Ok(true) => {}
                        Ok(false) => return Err(Answer::Again),
                        Err(error) => return Err(Answer::Final(Err(error))),
                    }
                }
                return Err(Answer::Final(Err(refused)));
            }
            Ok(())
        };
        let timed_out = |_| Err(Answer::Final(Err(ExecuteError::DeadlineExceeded)));
        tokio::time::timeout_at(patience.deadline, joined).await.unwrap_or_else(timed_out)?;
        let checked = append.check(&self.store.log().limits);
        checked.map_err(|invalid| Answer::Final(Err(ExecuteError::Invalid(invalid))))
    }

    /// Returns what changes nothing, once it is known to rest on the newest
    /// state.
    pub(super) async fn believe<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        patience: &Patience,
        base: &mut Base<A>,
        unchanged: Result<(), ExecuteError<E>>,
    ) -> Answer<A, E> {
        // What changes nothing is checked by nobody else, so a state from the cache, or
        // one beside which others were read, must be the newest before it is believed.
        if !base.confirmed {
            match patience.limit(self.confirm(stream, base, patience)).await {
                Ok(true) => {}
                Ok(false) => return Answer::Again,
                Err(error) => return Answer::Final(Err(error.into())),
            }
        }
        // Where the first call under the same key was written since the key was
        // looked up, this was decided behind that call's own events, and means
        // nothing.
        Answer::Final(match self.repeated(stream, call, patience).await {
            Ok(None) => unchanged.map(|()| self.nothing_happened(base)),
            Ok(Some(first)) => Ok(first),
            Err(error) => Err(error),
        })
    }

    /// Decides; `None` if nothing has to happen.
    pub(super) fn decide<E>(
        &self,
        stream: &StreamId,
        call: &Call,
        patience: &Patience,
        folded: &Folded<A>,
        decision: &mut Decision<'_, A, E>,
    ) -> Result<Option<Decided<A>>, ExecuteError<E>> {
        let expected = call.expected.unwrap_or(ExpectedVersion::Any);
        if !expected.holds(folded.version) {
            let (stream, actual) = (stream.clone(), folded.version);
            return Err(ExecuteError::VersionMismatch(Conflict { stream, expected, actual }));
        }
        let events = decision(&folded.state).map_err(ExecuteError::Refused)?;
        if events.is_empty() {
            return Ok(None);
        }
        self.prepare(stream, call, patience, folded, events).map(Some)
    }

    /// Appends what was decided on `base`.
    async fn carry_out<E>(
        &self,
        stream: &StreamId,
        patience: &Patience,
        base: &mut Base<A>,
        decided: Decided<A>,
        parts: &mut Parts<'_, E>,
    ) -> Answer<A, E> {
        match append(&self.store, &decided.append, patience).await {
            Ok(appended) => {
                for part in parts {
                    part.appended(&appended);
                }
                Answer::Final(self.outcome_of(stream, patience, base, decided, &appended).await)
            }
            Err(AppendError::Conflict(conflict)) => Answer::Conflict(conflict),
            Err(error @ AppendError::Diverged { .. }) => Answer::Diverged(error),
            Err(error) => Answer::Final(Err(ExecuteError::from_append(error))),
        }
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
}
