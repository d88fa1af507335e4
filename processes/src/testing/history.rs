//! What newer code would have done at each step of a history.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use annals::store::{Filter, LogQuery, StreamQuery};
use annals::{EventStore, Origin, RawEvent, StreamId, Version};
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::summary::Summary;
use crate::Process;
use crate::engine::{self, Incoming};
use crate::error::ProcessError;
use crate::input::Failed;
use crate::instance::Instance;
use crate::instances::{category, told};
use crate::step::{ProcessEvent, Step, Taken};

/// The most steps that are told of.
const TOLD: usize = 1_000;

/// At which steps of a history the code of a process would do something else than was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcessDifference {
    /// How many steps were looked at.
    pub steps: u64,
    /// How many of them differ.
    pub different: u64,
    /// Those that differ, the first 1,000 of them.
    pub changed: Vec<ChangedStep>,
}

/// A step at which the code would do something else.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedStep {
    /// The instance's stream.
    pub stream: StreamId,
    /// The place of the step in it.
    pub version: Version,
    /// What was taken in.
    pub input: Taken,
    /// What was done, as JSON.
    pub was: Value,
    /// What the code would do, or why it would do nothing.
    pub would_be: Value,
}

impl ProcessDifference {
    /// Whether the code would have done all that was done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.different == 0
    }
}

impl fmt::Display for ProcessDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} steps differ", self.different, self.steps)?;
        for ChangedStep { stream, version, was, would_be, .. } in &self.changed {
            writeln!(f, "{stream} at version {version}\n    was {was}\n    now {would_be}")?;
        }
        Ok(())
    }
}

/// Why a history could not be looked through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// An event of an instance cannot be folded by this code.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] annals::ReadError),
}

/// Lets the code of a process decide every step of a history again, and tells where it would do
/// something else: other commands, timers or events, another end. Each step is decided on the
/// state to which the history has led, so that one difference brings no others.
///
/// The log is that of production, or one that its history was
/// [imported](annals::history) into. Nothing is written. What is kept in memory are the
/// instances that have not ended.
///
/// # Errors
/// See [`ReplayError`].
pub async fn compare_history<P: Process>(
    log: &impl EventStore,
) -> Result<ProcessDifference, ReplayError> {
    let mut difference = ProcessDifference::default();
    for partition in log.log().partitions.iter() {
        let filter = Filter::all().category(category(P::NAME));
        let mut events = log.read_all(LogQuery::partition(partition).filter(filter));
        let mut instances = BTreeMap::<StreamId, Instance<P>>::new();
        // The events of a step stand behind it, and are what it has recorded.
        let mut asked: Option<(RawEvent, Step, Vec<Value>)> = None;
        while let Some(raw) = events.try_next().await? {
            if !raw.name.starts_with("annals.process.") {
                if let Some((_, _, recorded)) = &mut asked {
                    recorded.push(json!([raw.name, payload(&raw)]));
                }
                continue;
            }
            if let Some(step) = asked.take() {
                look::<P>(log, &mut instances, step, &mut difference).await?;
            }
            let decoded = raw.clone().decode::<ProcessEvent>().map_err(ProcessError::from)?;
            if let ProcessEvent::Stepped(step) = decoded.event {
                asked = Some((raw, step, Vec::new()));
            }
        }
        if let Some(step) = asked.take() {
            look::<P>(log, &mut instances, step, &mut difference).await?;
        }
    }
    Ok(difference)
}

/// Decides a step again, and takes in what was decided.
async fn look<P: Process>(
    log: &impl EventStore,
    instances: &mut BTreeMap<StreamId, Instance<P>>,
    (raw, step, recorded): (RawEvent, Step, Vec<Value>),
    difference: &mut ProcessDifference,
) -> Result<(), ReplayError> {
    let mut instance = instances.remove(&raw.stream).unwrap_or_else(Instance::new);
    difference.steps += 1;
    if let Some(would_be) = decide::<P>(log, &instance, &raw, &step).await? {
        let was = Summary::of(&step, &recorded, raw.recorded_at);
        if !was.is_near(&would_be) {
            difference.different += 1;
            if difference.changed.len() < TOLD {
                let (stream, version) = (raw.stream.clone(), raw.version);
                let input = step.input.clone();
                let (was, would_be) = (was.told(), would_be.told());
                difference.changed.push(ChangedStep { stream, version, input, was, would_be });
            }
        }
    }
    // What was done counts, with the events that stand behind the step.
    let behind = StreamQuery::forwards(raw.stream.clone()).from(raw.version);
    let mut events = log.read(behind.limit(1 + recorded.len() as u64));
    while let Some(event) = events.try_next().await? {
        // Also in a history that was imported: here it is as it was where it happened.
        instance.fold(RawEvent { origin: Origin::Native, ..event })?;
    }
    if !instance.book.phase.is_over() {
        instances.insert(raw.stream, instance);
    }
    Ok(())
}

/// What the code would do; `None` where there is nothing to decide.
async fn decide<P: Process>(
    log: &impl EventStore,
    instance: &Instance<P>,
    raw: &RawEvent,
    step: &Step,
) -> Result<Option<Summary>, ReplayError> {
    let outcome;
    let event;
    let incoming = match &step.input {
        Taken::Event { stream, version, .. } => {
            let at = StreamQuery::forwards(stream.clone()).from(*version).limit(1);
            let Some(found) = log.read(at).try_next().await? else { return Ok(None) };
            let decoded = found.decode::<P::Input>();
            let Ok(decoded) = decoded else {
                return Ok(Some(Summary::words("the event is not read")));
            };
            event = decoded;
            let route = P::route(&event);
            if route.key() != Some(raw.stream.key()) {
                return Ok(Some(Summary::words("the event is for another instance")));
            }
            Incoming::Event { event: &event, starts: route.starts(), late: true }
        }
        Taken::Done { task, reply } => {
            let Ok(reply) = serde::Deserialize::deserialize(reply) else {
                return Ok(Some(Summary::words("the reply is not read")));
            };
            outcome = Ok(reply);
            Incoming::Outcome { task: *task, outcome: &outcome }
        }
        Taken::Failed { task, reason, in_doubt } => {
            outcome = Err(Failed { reason: reason.clone(), in_doubt: *in_doubt });
            Incoming::Outcome { task: *task, outcome: &outcome }
        }
        Taken::Timer { task } => Incoming::Due { task: *task },
        Taken::WentOn { task } => Incoming::GoOn { task: *task },
        // No code of the process has decided these.
        Taken::Person { .. } | Taken::Scheduled => return Ok(None),
    };
    // A timer that has fired was due, by a clock that may be ahead of the log's.
    let fired = match &step.input {
        Taken::Timer { task } => instance.book.open.get(task).map(|task| task.due),
        _ => None,
    };
    let now = fired.map_or(raw.recorded_at, |due| due.max(raw.recorded_at));
    let decided = catch_unwind(AssertUnwindSafe(|| engine::advance(instance, &incoming, now)));
    Ok(Some(match decided {
        Ok(Ok(Ok(next))) => {
            let codec = log.log().codec;
            let mut recorded = Vec::new();
            for event in &next.events {
                let new = annals::store::NewEvent::encode(codec, event);
                let new = new.map_err(ProcessError::from)?;
                let value = new.payload.decode(PhantomData::<Value>);
                recorded.push(json!([new.name, value.unwrap_or_default()]));
            }
            Summary::of(&next.step, &recorded, now)
        }
        Ok(Ok(Err(ignored))) => Summary::words(format!("nothing: {ignored:?}")),
        Ok(Err(wrong)) => Summary::words(wrong.to_string()),
        Err(panic) => Summary::words(format!("it panics: {}", told(&*panic))),
    }))
}

fn payload(raw: &RawEvent) -> Value {
    raw.event.decode(PhantomData::<Value>).unwrap_or_default()
}
