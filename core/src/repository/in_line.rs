//! The way of a command on a cached aggregate, where several may be under way:
//! one after the other they decide on what the one before will leave, and none
//! returns before what it rests on has committed.

mod ground;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use tokio::time::Instant;
use tracing::Span;

use crate::fold::Folded;
use crate::repository::attempt::Answer;
use crate::repository::cache::Cache;
use crate::repository::commit::{Decided, append};
use crate::repository::execution::{Call, Decision};
use crate::repository::in_line::ground::{Ground, Known};
use crate::repository::line::{Line, Link, Mark, Turn};
use crate::repository::patience::Patience;
use crate::repository::{ExecuteError, Executed, Inner, LoadError};
use crate::store::Appended;
use crate::{Aggregate, AppendError, StreamId};

/// What belongs to one call in a line from its beginning to its end.
pub(crate) struct Course<'a, A> {
    pub(crate) stream: &'a StreamId,
    pub(crate) call: &'a Call,
    pub(crate) patience: &'a Patience,
    pub(crate) line: &'a Line<A>,
}

impl<A> Clone for Course<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Course<'_, A> {}

impl<A: Aggregate> Inner<A> {
    /// Carries out a command in turn.
    ///
    /// Only a conflict on committed state counts as an attempt: there another
    /// process was faster. What was decided behind an append that fails must be
    /// decided again however often that happens; each time somebody else's
    /// append has come to its end, so the deadline alone ends it.
    pub(super) async fn execute_in_line<E>(
        &self,
        cache: &Cache<A>,
        course: Course<'_, A>,
        decision: &mut Decision<'_, A, E>,
        span: &Span,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let Course { stream, call, patience, line } = course;
        let mark = line.mark();
        let _room = in_time(patience, line.room()).await?;
        let mut pauses = patience.pauses();
        let mut attempts = 0u32;
        // What this call has read already.
        let mut known = None;
        loop {
            attempts += 1;
            span.record("attempts", attempts);
            let turn = in_time(patience, line.turn()).await?;
            let mut ground = patience.limit(self.ground(cache, course, known.take())).await?;
            let answer = match self.decide(stream, call, patience, &ground.base.folded, decision) {
                Ok(Some(decided)) => {
                    self.hand_over(cache, course, turn, &mut ground, decided).await
                }
                unchanged => {
                    drop(turn);
                    let unchanged = unchanged.map(|_| ());
                    self.withhold(course, mark, &mut ground, unchanged).await
                }
            };
            match answer {
                Answer::Final(answer) => return answer,
                Answer::Again if Instant::now() < patience.deadline => {
                    known = Some(Known { base: ground.base, overtaken: false });
                }
                Answer::Baseless if Instant::now() < patience.deadline => {
                    tracing::debug!(target: "annals", %stream, attempt = attempts, "base failed");
                }
                Answer::Again | Answer::Baseless => return Err(ExecuteError::DeadlineExceeded),
                Answer::Diverged(error) => {
                    let lost = ground.base.folded.last;
                    patience.limit(self.catch_up(stream, &mut ground.base, patience)).await?;
                    if ground.base.folded.last == lost && !pauses.rest().await {
                        return Err(ExecuteError::from_append(error));
                    }
                    known = Some(Known { base: ground.base, overtaken: false });
                }
                Answer::Conflict(conflict) => {
                    tracing::debug!(target: "annals", %stream, expected = %conflict.expected, actual = %conflict.actual, attempt = attempts, "conflict");
                    if !pauses.rest().await {
                        return Err(ExecuteError::Conflict(conflict));
                    }
                    known = Some(Known { base: ground.base, overtaken: true });
                }
            }
        }
    }

    /// Begins to append, passes the turn on, and waits for what becomes of it.
    async fn hand_over<E>(
        &self,
        cache: &Cache<A>,
        course: Course<'_, A>,
        turn: Turn<'_>,
        ground: &mut Ground<A>,
        decided: Decided<A>,
    ) -> Answer<A, E> {
        let Course { stream, patience, line, .. } = course;
        let Ground { base, footing } = ground;
        let events = decided.append.events() as u64;
        // Dropped behind the link: who comes next knows whether it broke.
        let mut turn = Some(turn);
        let link = line.begin(*footing, base.folded.version, events);
        let answer = {
            let mut append = pin!(append(&self.store, &decided.append, patience));
            // Stores queue an append when it is polled first, so that this one
            // stands in the queue before those which follow it. A store that has
            // the answer at once needs no tip: the cache will hold the state.
            match futures::poll!(append.as_mut()) {
                Poll::Ready(answer) => answer,
                Poll::Pending => {
                    self.offer(cache, &link, &base.folded, &decided);
                    drop(turn.take());
                    append.await
                }
            }
        };
        match answer {
            Ok(appended) => {
                let outcome = self.outcome_of(stream, patience, base, decided, &appended).await;
                tell(link, &outcome, &appended);
                Answer::Final(outcome)
            }
            Err(error) => {
                let overtaken = link.was_overtaken();
                if !matches!(error, AppendError::Unknown(_)) {
                    link.failed();
                }
                match error {
                    AppendError::Conflict(conflict) if overtaken => Answer::Conflict(conflict),
                    AppendError::Diverged { .. } if overtaken => Answer::Diverged(error),
                    AppendError::Conflict(_) | AppendError::Diverged { .. } => Answer::Baseless,
                    error => Answer::Final(Err(ExecuteError::from_append(error))),
                }
            }
        }
    }

    /// Shows those who come next the state that this append will leave.
    fn offer(&self, cache: &Cache<A>, link: &Link<'_, A>, base: &Folded<A>, decided: &Decided<A>) {
        let new = decided.append.writes.iter().flat_map(|write| &write.events);
        let fold = || {
            let mut tip = cache.copy(base);
            for (event, new) in decided.events.iter().zip(new) {
                tip.uncommitted(event, new.id, new.payload.len());
            }
            tip
        };
        // The append is on its way: no panic of the user's `Clone` or `evolve`
        // may hide what becomes of it. Without a tip the next call decides on
        // what is committed, and conflicts.
        if let Ok(mut tip) = catch_unwind(AssertUnwindSafe(fold)) {
            if let Some(snapshots) = &self.snapshots {
                snapshots.foresee(&mut tip);
            }
            link.offer(tip);
        }
    }

    /// Keeps back what changes nothing until what it rests on has committed.
    async fn withhold<E>(
        &self,
        course: Course<'_, A>,
        mark: Mark,
        ground: &mut Ground<A>,
        unchanged: Result<(), ExecuteError<E>>,
    ) -> Answer<A, E> {
        let Course { stream, call, patience, line } = course;
        let Ground { base, footing } = ground;
        if let Some(footing) = *footing {
            let settled = async { Ok::<_, LoadError>(line.settled(footing).await) };
            match patience.limit(settled).await {
                Ok(Some(checkpoint)) => base.folded.place = Some(checkpoint),
                Ok(None) => return Answer::Baseless,
                Err(error) => return Answer::Final(Err(error.into())),
            }
            // An append that began after this call has committed during it, and
            // with it a state that was the newest then. Another may have been
            // committed long before its answer came, with writers from elsewhere
            // behind it: then only the head of the stream can tell.
            base.confirmed = footing.began_after(mark);
        }
        self.believe(stream, call, patience, base, unchanged).await
    }
}

/// Tells the line that the append has committed, unless the store has answered
/// with the outcome of another call under the same key.
fn tell<A: Aggregate, E>(
    link: Link<'_, A>,
    outcome: &Result<Executed<A>, ExecuteError<E>>,
    appended: &Appended,
) {
    let ours = matches!(outcome, Ok(done) if !done.repeated);
    if let (true, Some(written)) = (ours, appended.writes.first()) {
        link.committed(written.checkpoint(appended.log));
    }
}

async fn in_time<T>(patience: &Patience, wait: impl Future<Output = T>) -> Result<T, LoadError> {
    patience.limit(async { Ok(wait.await) }).await
}
