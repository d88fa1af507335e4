//! The agenda of one partition.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use annals::store::Appended;
use annals::{IdempotencyKey, Metadata, Partition, Position};
use annals_projections::QueryError;
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Driver;
use super::hand::{Ended, Hand};
use super::wanted::Wanted;
use crate::agenda::{self, Agenda};
use crate::boundary::Boundary;
use crate::engine::{Ignored, Incoming};
use crate::error::ProcessError;
use crate::executor::Call;
use crate::input::Failed;
use crate::instances::told;
use crate::step::{Task, What};
use crate::troubles::TroubleKind::{AgendaUnreadable, CommandUnreadable, InstanceNotTold};
use crate::troubles::{Place, TroubleKind};
use crate::{Executor, Process};

/// How many tasks are looked at at once, beside those in hand.
const PAGE: usize = 128;

/// Looks at the agenda are this far apart at least.
const BREATH: Duration = Duration::from_millis(5);

/// The agenda is looked at so often at least, for clocks that were set.
const LOOK: Duration = Duration::from_secs(10);

/// How many tasks are known at once, those included that are done and still shown.
const MOST: usize = 2_000;

/// How often an instance is told of something that it cannot take in, before that rests.
const TRIES: u32 = 4;

/// How long a task is left alone that turned out to be done by others.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a task rests that cannot be carried out, or not be told, by this code.
const REST: Duration = Duration::from_secs(60);

/// How many timers are under way at once.
const TIMERS: usize = 64;

/// Works off the agenda of one partition.
pub(super) struct Desk<P: Process, X> {
    driver: Arc<Driver<P, X>>,
    partition: Partition,
    progress: watch::Receiver<Position>,
    stop: watch::Receiver<bool>,
    hand: Hand,
    tasks: JoinSet<Finished>,
}

/// A task that needs nobody any more, and the position of the step that says so.
struct Finished {
    place: String,
    kind: String,
    ended: Ended,
}

/// For whom a task is done, and what led to it.
#[derive(Clone, Copy)]
struct Errand<'a> {
    partition: Partition,
    instance: &'a str,
    metadata: &'a Metadata,
}

/// What a look at the agenda has found.
struct Look {
    /// When the next task is due that is not yet.
    next: Option<OffsetDateTime>,
}

impl<P: Process, X: Executor<P::Command, Reply = P::Reply>> Desk<P, X> {
    pub(super) fn new(
        driver: Arc<Driver<P, X>>,
        partition: Partition,
        progress: watch::Receiver<Position>,
    ) -> Self {
        let stop = driver.stop.clone();
        Self { driver, partition, progress, stop, hand: Hand::default(), tasks: JoinSet::new() }
    }

    /// Works until it is told to stop, or the partition is another worker's. What is in hand
    /// then is done to the end in the first case, as long as that takes no longer than the
    /// grace, and given up in the second.
    pub(super) async fn run(mut self) {
        let mut trouble = None;
        loop {
            let reached = *self.progress.borrow_and_update();
            self.hand.forget(reached);
            let began = Instant::now();
            let wake = match self.look().await {
                Ok(look) => {
                    drop(trouble.take());
                    self.wake(&look)
                }
                Err(error) => {
                    tracing::warn!(
                        target: "annals", process = P::NAME, partition = %self.partition, %error,
                        "the agenda cannot be read: trying again"
                    );
                    let place = trouble_with::<P>(self.partition, AgendaUnreadable, None);
                    drop(trouble.replace(self.driver.troubles.tell(place, &error.to_string())));
                    Instant::now() + Duration::from_secs(1)
                }
            };
            let stops = async { drop(self.stop.wait_for(|stop| *stop).await) };
            let finished = tokio::select! {
                changed = self.progress.changed() => match changed {
                    Ok(()) => None,
                    Err(_) => return,
                },
                Some(finished) = self.tasks.join_next() => Some(finished),
                () = sleep_until(wake) => None,
                () = stops => break,
            };
            if let Some(finished) = finished {
                self.finished(finished);
            }
            // Many changes are looked at together.
            sleep_until(began + BREATH).await;
            while let Some(finished) = self.tasks.try_join_next() {
                self.finished(finished);
            }
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.driver.grace, all).await.is_err() {
            tracing::warn!(
                target: "annals", process = P::NAME, partition = %self.partition,
                "commands in hand are not answered: they are given up, and come again"
            );
        }
    }

    fn finished(&mut self, finished: Result<Finished, tokio::task::JoinError>) {
        match finished {
            Ok(Finished { place, kind, ended }) => self.hand.done(place, &kind, ended),
            // The code of users is caught where it is called.
            Err(error) => {
                tracing::error!(target: "annals", %error, "a task has panicked: please report it");
            }
        }
    }

    fn wake(&self, look: &Look) -> Instant {
        let due = look.next.map(|next| next - self.driver.instances.now());
        let until = due.map_or(LOOK, |due| due.try_into().unwrap_or(Duration::ZERO).min(LOOK));
        let wake = Instant::now() + until;
        self.hand.next_look().map_or(wake, |look| look.min(wake))
    }

    /// Takes in hand what is due, kind by kind.
    async fn look(&mut self) -> Result<Look, QueryError> {
        let driver = self.driver.clone();
        let now = driver.instances.now();
        let mut look = Look { next: None };
        let mut behind = agenda::beginning(self.partition, P::NAME);
        let end = agenda::end(self.partition, P::NAME);
        loop {
            let limit = PAGE + self.hand.len();
            let page = driver.views.page::<Agenda>(Some(&behind), limit as u64).await?;
            let full = page.len() == limit;
            let mut skip = None;
            for (place, item) in page {
                if place >= end {
                    return Ok(look);
                }
                let Some((_, kind, due)) = agenda::read_place(&place) else { continue };
                let kind = kind.to_owned();
                behind.clone_from(&place);
                if skip.as_ref() == Some(&kind) || self.hand.has(&place) {
                    continue;
                }
                if !agenda::is_due(due, now) {
                    let due = item.task.as_ref().map(|task| task.due);
                    look.next = look.next.into_iter().chain(due).min();
                    skip = Some(kind);
                } else if self.has_room(&kind) {
                    self.begin(place, kind, item);
                } else {
                    skip = Some(kind);
                }
            }
            if !full {
                return Ok(look);
            }
            if let Some(kind) = skip {
                behind = agenda::behind(self.partition, P::NAME, &kind).max(behind);
            }
        }
    }

    fn has_room(&self, kind: &str) -> bool {
        let room = match kind {
            crate::engine::DECISION => 0,
            crate::engine::TIMER | crate::engine::GO_ON => TIMERS,
            kind => self.driver.callers.of(kind).room(),
        };
        self.hand.under_way(kind) < room && self.hand.len() < MOST
    }

    fn begin(&mut self, place: String, kind: String, item: Agenda) {
        let Agenda { instance, task: Some(task), metadata } = item else { return };
        self.hand.take(place.clone(), &kind);
        let driver = self.driver.clone();
        let partition = self.partition;
        self.tasks.spawn(async move {
            let errand = Errand { partition, instance: &instance, metadata: &metadata };
            let work = driver.carry_out(errand, &task);
            // Such as the code that reads a command. What is left in hand would never come again.
            let ended = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
                tracing::error!(
                    target: "annals", process = P::NAME, instance, task = task.number,
                    panic = told(&*panic), "a task has panicked: trying again"
                );
                Err(AGAIN)
            });
            driver.instances.hook.at(Boundary::TaskDone).await;
            Finished { place, kind, ended }
        });
    }
}

impl<P: Process, X: Executor<P::Command, Reply = P::Reply>> Driver<P, X> {
    /// Does what a task asks for, and lets the instance know. Dropping it leaves the task open.
    async fn carry_out(self: &Arc<Self>, errand: Errand<'_>, task: &Task) -> Ended {
        let hook = &self.instances.hook;
        match &task.what {
            What::Timer { .. } => {
                hook.at(Boundary::TimerInHand).await;
                self.tell(errand, task.number, &Incoming::Due { task: task.number }).await
            }
            What::GoOn => {
                hook.at(Boundary::GoOnInHand).await;
                self.tell(errand, task.number, &Incoming::GoOn { task: task.number }).await
            }
            What::Command { command, undoes } => {
                let (in_hand, answered) = match undoes {
                    true => (Boundary::UndoInHand, Boundary::UndoAnswered),
                    false => (Boundary::CommandInHand, Boundary::CommandAnswered),
                };
                hook.at(in_hand).await;
                self.command(errand, task, command, answered).await
            }
            What::Decision { .. } => Err(AGAIN),
        }
    }

    /// Has a command carried out that the instance still waits for.
    async fn command(
        self: &Arc<Self>,
        errand: Errand<'_>,
        task: &Task,
        command: &Value,
        answered: Boundary,
    ) -> Ended {
        let Errand { partition, instance, metadata } = errand;
        let of = || Some((instance.to_owned(), task.number));
        match self.instances.waits_for(instance, task.number).await {
            Ok(true) => {}
            Ok(false) => return Err(AGAIN),
            Err(error) => {
                let rest = if error.is_transient() { AGAIN } else { REST };
                let place = trouble_with::<P>(partition, InstanceNotTold, of());
                let _trouble = self.troubles.tell(place, &error.to_string()).lasting(rest);
                return Err(rest);
            }
        }
        let Ok(command) = serde::Deserialize::deserialize(command) else {
            tracing::error!(
                target: "annals", process = P::NAME, instance, task = task.number,
                "a command cannot be read by this code: deploy code that does"
            );
            let place = trouble_with::<P>(partition, CommandUnreadable, of());
            let error = "it cannot be read by this code";
            let _trouble = self.troubles.tell(place, error).lasting(REST + AGAIN);
            return Err(REST);
        };
        let call = Call {
            instance: instance.to_owned(),
            key: key_of::<P>(instance, task),
            attempt: 1,
            due: task.due,
        };
        let caller = self.callers.of(&task.kind);
        let wanted = Wanted::new(self.clone(), instance, task.number);
        let work = caller.call(&wanted, &command, call, self.stop.clone());
        let Some(outcome) = annals::following(metadata.clone(), work).await else {
            return Err(AGAIN);
        };
        self.instances.hook.at(answered).await;
        self.tell_outcome(errand, task.number, outcome).await
    }

    async fn tell_outcome(
        &self,
        errand: Errand<'_>,
        task: u32,
        outcome: Result<P::Reply, Failed>,
    ) -> Ended {
        let incoming = Incoming::Outcome { task, outcome: &outcome };
        let told = self.tell(errand, task, &incoming).await;
        if told.is_ok() || outcome.is_err() {
            return told;
        }
        // It may be the reply that cannot be written, or what follows from it.
        let Errand { instance, metadata, .. } = errand;
        let again = self.instances.advance(instance, &incoming, metadata).await;
        let Err(ProcessError::Invalid(_) | ProcessError::Encode(_) | ProcessError::Wrong(_)) =
            again
        else {
            return again.map_or(told, |advanced| place_of(&advanced));
        };
        let reason = "it was done, but what follows from its reply cannot be written".to_owned();
        let outcome = Err(Failed { reason, in_doubt: true });
        self.tell(errand, task, &Incoming::Outcome { task, outcome: &outcome }).await
    }

    /// Lets an instance know: as often as it takes where that may pass, and else a few times.
    /// Then the task rests, so that others have its place.
    async fn tell(&self, errand: Errand<'_>, task: u32, incoming: &Incoming<'_, P>) -> Ended {
        let Errand { partition, instance, metadata } = errand;
        let pauses = ExponentialBuilder::default().with_jitter().without_max_times();
        let pauses = pauses.with_min_delay(Duration::from_millis(50));
        let mut pauses = pauses.with_max_delay(REST).build();
        let mut trouble = None;
        let mut tries = 0;
        loop {
            let error = match self.instances.advance(instance, incoming, metadata).await {
                Ok(advanced) => return place_of(&advanced),
                Err(error) => error,
            };
            tracing::warn!(
                target: "annals", process = P::NAME, instance, %error,
                "an instance cannot be told what has become of its task: trying again"
            );
            let place =
                trouble_with::<P>(partition, InstanceNotTold, Some((instance.to_owned(), task)));
            let told = self.troubles.tell(place, &error.to_string());
            tries += 1;
            if tries >= TRIES && !error.is_transient() {
                let _trouble = told.lasting(REST + AGAIN);
                return Err(REST);
            }
            drop(trouble.replace(told));
            sleep(pauses.next().unwrap_or(REST)).await;
        }
    }
}

fn trouble_with<P: Process>(
    partition: Partition,
    kind: TroubleKind,
    of: Option<(String, u32)>,
) -> Place {
    Place { process: P::NAME, partition, kind, of }
}

/// Where the step stands that an input has led to.
fn place_of(advanced: &Result<Appended, Ignored>) -> Ended {
    let last = advanced.as_ref().ok().and_then(|appended| appended.writes.last());
    last.map(|write| write.position).ok_or(AGAIN)
}

/// What makes a command one and the same. Keys of instances may be long: they are hashed.
fn key_of<P: Process>(instance: &str, task: &Task) -> IdempotencyKey {
    let text = format!("{}/{instance}/{}", P::NAME, task.key);
    let short = || {
        format!(
            "{}#/{:032x}/{}",
            P::NAME,
            xxhash_rust::xxh3::xxh3_128(instance.as_bytes()),
            task.key
        )
    };
    let key = IdempotencyKey::new(text).or_else(|_| IdempotencyKey::new(short()));
    #[expect(
        clippy::expect_used,
        reason = "a name, a hash and a number have no NUL and 90 bytes at most"
    )]
    key.expect("a short key")
}
