//! Carries the commands of one kind out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals::Clock;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::FutureExt;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::breaker::{Admitted, Breaker, Verdict};
use super::budget::{Bucket, Paid};
use super::tally::Tally;
use super::wanted::{Always, Wanted};
use super::{CallOptions, Calls};
use crate::engine::shortened;
use crate::executor::{Call, Executor, Failure};
use crate::input::Failed;
use crate::instances::told;

/// Carries out the commands of one kind.
pub(crate) struct Caller {
    options: CallOptions,
    places: Semaphore,
    budget: Option<Bucket>,
    breaker: Option<Arc<Breaker>>,
    tally: Tally,
}

/// What a try needs to begin: a place among those of its kind, and the word of the breaker.
struct Turn<'a> {
    /// What a further try costs.
    paid: Option<Paid<'a>>,
    _place: Option<SemaphorePermit<'a>>,
    admitted: Option<Admitted<'a>>,
}

/// Why a try does not begin.
enum NoTurn {
    /// The time of the command is over, and this is what it waited for.
    TooLate(String),
    /// The worker is stopping, and the command can only wait.
    Stopping,
}

impl Caller {
    pub(super) fn new(
        process: &'static str,
        kind: &str,
        options: CallOptions,
        breaker: Option<Arc<Breaker>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let places = Semaphore::new(options.concurrency);
        let budget = options.budget.clone().map(Bucket::new);
        let tally = Tally::new(process, kind.to_owned(), clock);
        Self { options, places, budget, breaker, tally }
    }

    /// How many commands may be in hand at once, those that wait included.
    pub(crate) fn room(&self) -> usize {
        self.options.room()
    }

    pub(super) fn look(&self) -> Calls {
        let circuit = self.breaker.as_ref().map(|breaker| breaker.look());
        Calls { circuit, ..self.tally.look() }
    }

    /// Carries a command out, as often as it takes. `None` if the worker stops while the
    /// command can only wait for its circuit: it comes again elsewhere.
    ///
    /// Dropping it gives the call under way up, and frees its place.
    pub(crate) async fn call<C, X: Executor<C>>(
        &self,
        executor: &X,
        command: &C,
        call: Call,
        stop: watch::Receiver<bool>,
    ) -> Option<Result<X::Reply, Failed>> {
        self.call_while(&Always, executor, command, call, stop).await
    }

    /// As [`call`](Self::call), and `None` also where the command is not wanted any more.
    pub(crate) async fn call_while<C, X: Executor<C>>(
        &self,
        wanted: &impl Wanted,
        executor: &X,
        command: &C,
        mut call: Call,
        mut stop: watch::Receiver<bool>,
    ) -> Option<Result<X::Reply, Failed>> {
        let _in_hand = self.tally.in_hand();
        let deadline = Instant::now() + self.options.within;
        let mut pauses = self.pauses();
        let mut in_doubt = false;
        let mut last: Option<Failure> = None;
        if let Some(budget) = &self.budget {
            budget.add();
        }
        let given_up = loop {
            let turn = match self.turn(deadline, last.is_some(), &mut stop).await {
                Ok(turn) => turn,
                Err(NoTurn::Stopping) => return None,
                Err(NoTurn::TooLate(why)) => break self.too_late(&why, last, in_doubt),
            };
            let asked = timeout_at(deadline, wanted.is_wanted(call.attempt)).await;
            if !asked.unwrap_or(false) {
                return None;
            }
            if last.is_some() {
                self.tally.retries();
            }
            let failure = match self.attempt(turn, executor, command, &call).await {
                Ok(reply) => return Some(Ok(reply)),
                Err(failure) => failure,
            };
            in_doubt |= matches!(failure, Failure::Unknown(_));
            if matches!(failure, Failure::Refused(_)) {
                break failure;
            }
            let Some(pause) = pauses.next() else { break failure };
            // After a pause that is too long nothing would come.
            if Instant::now() + pause >= deadline {
                break failure;
            }
            sleep(pause).await;
            last = Some(failure);
            call.attempt = call.attempt.saturating_add(1);
        };
        // Not only where a try of this worker was left open: another one may have tried before,
        // and have ended with an answer on its way. Only who refuses the command knows.
        let in_doubt = in_doubt || !matches!(given_up, Failure::Refused(_));
        let fallback = fallback(executor, command, &given_up);
        let reason = || shortened(&given_up.to_string());
        Some(fallback.ok_or_else(|| Failed { reason: reason(), in_doubt }))
    }

    fn pauses(&self) -> ExponentialBackoff {
        let (first, longest) = self.options.pauses;
        let pauses = ExponentialBuilder::default().with_jitter();
        let pauses = pauses.with_min_delay(first).with_max_delay(longest);
        pauses.with_max_times(self.options.attempts - 1).build()
    }

    /// Waits until a try may begin.
    async fn turn(
        &self,
        deadline: Instant,
        again: bool,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Turn<'_>, NoTurn> {
        // It is given back where the try does not begin.
        let paid = match self.budget.as_ref().filter(|_| again) {
            None => None,
            Some(budget) => match timeout_at(deadline, budget.take()).await {
                Ok(paid) => Some(paid),
                Err(_) => {
                    let why = "its kind has used up its retry budget".to_owned();
                    return Err(NoTurn::TooLate(why));
                }
            },
        };
        loop {
            // Who waits for a circuit holds no place, and who waits for a place no trial: that
            // one may be another kind's whose calls could begin.
            if let Some(breaker) = &self.breaker {
                tokio::select! {
                    biased;
                    ready = timeout_at(deadline, breaker.ready()) => if ready.is_err() {
                        let why = format!("the circuit of {} is open", breaker.dependency());
                        return Err(NoTurn::TooLate(why));
                    },
                    _ = stop.wait_for(|stop| *stop) => return Err(NoTurn::Stopping),
                }
            }
            let Ok(place) = timeout_at(deadline, self.places.acquire()).await else {
                return Err(NoTurn::TooLate("all places of its kind are taken".to_owned()));
            };
            // Nobody closes the semaphore.
            let place = place.ok();
            match &self.breaker {
                None => return Ok(Turn { paid, _place: place, admitted: None }),
                // It may have opened meanwhile, or others have taken its trials.
                Some(breaker) => match breaker.admit() {
                    None => {}
                    admitted => return Ok(Turn { paid, _place: place, admitted }),
                },
            }
        }
    }

    async fn attempt<C, X: Executor<C>>(
        &self,
        turn: Turn<'_>,
        executor: &X,
        command: &C,
        call: &Call,
    ) -> Result<X::Reply, Failure> {
        if let Some(paid) = turn.paid {
            paid.spend();
        }
        let _under_way = self.tally.under_way();
        let work = AssertUnwindSafe(async { executor.execute(command, call).await });
        let result = match timeout(self.options.timeout, work.catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Failure::unknown(format!("it panicked: {}", told(&*panic)))),
            Err(_) => Err(Failure::unknown(format!(
                "it was not answered within {:?}",
                self.options.timeout
            ))),
        };
        self.tally.tried(result.as_ref().err());
        if let Some(admitted) = turn.admitted {
            admitted.settle(match &result {
                Ok(_) | Err(Failure::Refused(_)) => Verdict::Answered,
                Err(_) => Verdict::Failed,
            });
        }
        result
    }

    /// Tells of a command whose time is over before its next try.
    fn too_late(&self, why: &str, last: Option<Failure>, in_doubt: bool) -> Failure {
        let mut text = format!("it was not tried within {:?}: {why}", self.options.within);
        if let Some(last) = last {
            text = format!("{text}; its last try said: {last}");
        }
        if in_doubt { Failure::Unknown(text) } else { Failure::Passing(text) }
    }
}

/// What to go on with, where the executor knows it.
fn fallback<C, X: Executor<C>>(executor: &X, command: &C, failure: &Failure) -> Option<X::Reply> {
    let asked = AssertUnwindSafe(|| executor.fallback(command, failure));
    catch_unwind(asked).unwrap_or_else(|panic| {
        let panic = told(&*panic);
        tracing::error!(target: "annals", %panic, "a fallback has panicked: there is none");
        None
    })
}

#[cfg(test)]
mod tests;
