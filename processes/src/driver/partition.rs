//! The agenda of one partition.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use annals::{Partition, Position};
use annals_projections::QueryError;
use futures::FutureExt;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Driver;
use super::errand::{AGAIN, Errand, trouble_with};
use super::hand::{Ended, Hand};
use crate::agenda::{self, Agenda};
use crate::boundary::Boundary;
use crate::engine::{DECISION, EVENTS, GO_ON, TIMER};
use crate::instances::told;
use crate::troubles::TroubleKind::AgendaUnreadable;
use crate::{Executor, Process};

/// How many tasks are looked at at once.
const PAGE: usize = 128;

/// Looks at the agenda are this far apart at least.
const BREATH: Duration = Duration::from_millis(5);

/// The agenda is looked at so often at least, for clocks that were set.
const LOOK: Duration = Duration::from_secs(10);

/// What has been due for so long, and is known, is not looked at by every look: nothing comes in
/// front of it, as far as the clocks of workers agree.
const LONG: Duration = Duration::from_secs(2);

/// So often all is looked at, in case something has come all the same.
const ALL: Duration = Duration::from_secs(1);

/// Behind progress the agenda is looked at once more: while its view is rebuilt, the version that
/// this worker feeds may be ahead of the one that answers.
const ONCE_MORE: Duration = Duration::from_secs(1);

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
    once_more: Option<Instant>,
    /// When all is looked at the next time.
    all: Instant,
}

/// A task that needs nobody any more, and the position of the step that says so.
struct Finished {
    place: String,
    kind: String,
    ended: Ended,
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
        let (hand, tasks, once_more) = (Hand::default(), JoinSet::new(), None);
        Self { driver, partition, progress, stop, hand, tasks, once_more, all: Instant::now() }
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
            self.once_more = self.once_more.filter(|once_more| *once_more > began);
            if self.all <= began {
                self.all = began + ALL;
                self.hand.look_at_all();
            }
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
                    Ok(()) => {
                        self.once_more = Some(Instant::now() + ONCE_MORE);
                        None
                    }
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
        let others = self.hand.next_look().into_iter().chain(self.once_more);
        others.fold(Instant::now() + until, Instant::min)
    }

    /// Takes in hand what is due, kind by kind.
    async fn look(&mut self) -> Result<Look, QueryError> {
        let driver = self.driver.clone();
        let now = driver.instances.now();
        let mut look = Look { next: None };
        let mut behind = agenda::beginning(self.partition, P::NAME);
        let end = agenda::end(self.partition, P::NAME);
        // The kind of which something was found that is not known.
        let mut unknown = None;
        loop {
            let page = driver.views.page::<Agenda>(Some(&behind), PAGE as u64).await?;
            let full = page.len() == PAGE;
            let mut skip = None;
            for (place, item) in page {
                if place >= end {
                    return Ok(look);
                }
                let Some((_, kind, due)) = agenda::read_place(&place) else { continue };
                let kind = kind.to_owned();
                behind.clone_from(&place);
                if skip.as_ref() == Some(&kind) || !self.has_room(&kind) {
                    skip = Some(kind);
                    continue;
                }
                if self.hand.has(&place) {
                    if unknown.as_ref() != Some(&kind) && agenda::is_due(due, now - LONG) {
                        self.hand.pass(&place, &kind);
                    }
                    continue;
                }
                unknown = Some(kind.clone());
                if !agenda::is_due(due, now) {
                    let due = item.task.as_ref().map(|task| task.due);
                    look.next = look.next.into_iter().chain(due).min();
                    skip = Some(kind);
                } else {
                    self.begin(place, kind, item);
                }
            }
            if !full {
                return Ok(look);
            }
            let last = agenda::read_place(&behind).map(|(_, kind, _)| kind);
            if let Some(kind) = skip {
                behind = agenda::behind(self.partition, P::NAME, &kind).max(behind);
            } else if let Some(passed) = last.and_then(|kind| self.hand.passed(kind)) {
                behind = passed.clone().max(behind);
            }
        }
    }

    fn has_room(&self, kind: &str) -> bool {
        let room = match kind {
            // These are for people.
            DECISION | EVENTS => 0,
            TIMER | GO_ON => TIMERS,
            kind => self.driver.callers.of(kind).room(),
        };
        self.hand.has_room(kind, room)
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
