//! One task of an instance: carried out, and the instance told.

use std::sync::Arc;
use std::time::Duration;

use annals::store::Appended;
use annals::{IdempotencyKey, Metadata, Partition};
use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::Value;
use tokio::time::sleep;

use super::Driver;
use super::hand::Ended;
use super::wanted::Waiting;
use crate::boundary::Boundary;
use crate::engine::{Ignored, Incoming};
use crate::error::ProcessError;
use crate::executor::Call;
use crate::input::Failed;
use crate::step::{Task, What};
use crate::troubles::TroubleKind::{CommandUnreadable, InstanceNotTold};
use crate::troubles::{Place, TroubleKind};
use crate::{Executor, Process};

/// How often an instance is told of something that it cannot take in, before that rests.
const TRIES: u32 = 4;

/// How long a task is left alone that turned out to be done by others.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// How long a task rests that cannot be carried out, or not be told, by this code.
const REST: Duration = Duration::from_secs(60);

/// For whom a task is done, and what led to it.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) partition: Partition,
    pub(super) instance: &'a str,
    pub(super) metadata: &'a Metadata,
}

impl<P: Process, X: Executor<P::Command, Reply = P::Reply>> Driver<P, X> {
    /// Does what a task asks for, and lets the instance know. Dropping it leaves the task open.
    pub(super) async fn carry_out(self: &Arc<Self>, errand: Errand<'_>, task: &Task) -> Ended {
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
            What::Decision { .. } | What::Events => Err(AGAIN),
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
            Ok(false) => {
                drop(self.answers.take(instance, task));
                return Err(AGAIN);
            }
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
        if let Some(outcome) = self.answers.take(instance, task) {
            return self.tell_outcome(errand, task, outcome).await;
        }
        let call = Call {
            instance: instance.to_owned(),
            key: key_of::<P>(instance, task),
            attempt: 1,
            due: task.due,
            metadata: metadata.clone(),
        };
        let caller = self.callers.of(&task.kind);
        let waiting = Waiting::new(&self.instances, instance, task.number);
        let waiting = if self.strict { waiting.strictly() } else { waiting };
        let stop = self.stop.clone();
        let work = caller.call_while(&waiting, &self.executor, &command, call, stop);
        let Some(outcome) = annals::following(metadata.clone(), work).await else {
            return Err(AGAIN);
        };
        self.instances.hook.at(answered).await;
        self.tell_outcome(errand, task, outcome).await
    }

    async fn tell_outcome(
        &self,
        errand: Errand<'_>,
        task: &Task,
        outcome: Result<P::Reply, Failed>,
    ) -> Ended {
        let number = task.number;
        let incoming = Incoming::Outcome { task: number, outcome: &outcome };
        let told = self.tell(errand, number, &incoming).await;
        if told != Err(REST) {
            return told;
        }
        // It may be the reply that cannot be written, or what follows from it.
        let Errand { instance, metadata, .. } = errand;
        let again = self.instances.advance(instance, &incoming, metadata).await;
        let unwritable = match again {
            Ok(advanced) => return place_of(&advanced),
            Err(ProcessError::Invalid(_) | ProcessError::Encode(_) | ProcessError::Wrong(_)) => {
                outcome.is_ok()
            }
            Err(_) => false,
        };
        if !unwritable {
            self.answers.keep(instance, task, outcome);
            return told;
        }
        let reason = "it was done, but what follows from its reply cannot be written".to_owned();
        let outcome = Err(Failed { reason, in_doubt: true });
        self.tell(errand, number, &Incoming::Outcome { task: number, outcome: &outcome }).await
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

pub(super) fn trouble_with<P: Process>(
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
