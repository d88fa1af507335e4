//! A process with a past, in the memory of a test.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::time::Duration;

use annals::{Event, EventId, Metadata, Origin, Partition, Position, Recorded, StreamId, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::engine::{self, Incoming};
use crate::input::Failed;
use crate::instance::Instance;
use crate::process::Process;
use crate::step::{Phase, Task, What};

/// When the first event of a scenario is recorded.
const BEGINNING: OffsetDateTime = time::macros::datetime!(2025-01-01 00:00 UTC);

/// A process with a past: what happens next, and what it does about it.
///
/// Each `when` is compared by the `then`s behind it, until the next `when`.
pub struct Scenario<P: Process> {
    instances: BTreeMap<String, Instance<P>>,
    versions: BTreeMap<StreamId, Version>,
    position: Position,
    now: OffsetDateTime,
    done: Done<P>,
}

/// What was done since the last `when`.
struct Done<P: Process> {
    opened: Vec<Task>,
    events: Vec<P::Event>,
    instance: Option<String>,
}

impl<P: Process> Scenario<P> {
    pub(super) fn new() -> Self {
        Self {
            instances: BTreeMap::new(),
            versions: BTreeMap::new(),
            position: Position::START,
            now: BEGINNING,
            done: Done { opened: Vec::new(), events: Vec::new(), instance: None },
        }
    }

    /// More events have happened.
    ///
    /// # Panics
    /// A stream's id is none.
    #[track_caller]
    #[must_use = "what is given tests nothing until a `when` and a `then` follow"]
    pub fn and_given<'a>(mut self, events: impl IntoIterator<Item = (&'a str, P::Input)>) -> Self {
        for (stream, event) in events {
            self = self.when(stream, event);
        }
        self.nothing_done()
    }

    /// A command that the process waits for was done, and brought this back.
    ///
    /// # Panics
    /// The process does not wait for it.
    #[track_caller]
    #[must_use = "what is given tests nothing until a `when` and a `then` follow"]
    pub fn and_done(self, command: P::Command, reply: P::Reply) -> Self {
        self.when_done(command, reply).nothing_done()
    }

    /// An event happens.
    ///
    /// # Panics
    /// The stream's id is none, or what the process does cannot be written.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn when(mut self, stream: &str, event: P::Input) -> Self {
        let Ok(stream) = stream.parse::<StreamId>() else {
            panic!("`{stream}` is no stream: it has a category and a key, such as `order-1`")
        };
        let event = self.record(stream, event);
        let route = P::route(&event);
        self = self.nothing_done();
        if let Some(key) = route.key() {
            let incoming = Incoming::Event { event: &event, starts: route.starts(), late: false };
            self.advance(key, &incoming);
        }
        self
    }

    /// A command that the process waits for is done, and brings this back.
    ///
    /// # Panics
    /// The process does not wait for it.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write their values inline")]
    pub fn when_done(self, command: P::Command, reply: P::Reply) -> Self {
        self.answered(&command, &Ok(reply))
    }

    /// A command that the process waits for is refused, or was not done and is given up.
    ///
    /// # Panics
    /// The process does not wait for it.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write their values inline")]
    pub fn when_failed(self, command: P::Command, reason: &str) -> Self {
        self.answered(&command, &Err(Failed { reason: reason.to_owned(), in_doubt: false }))
    }

    /// A command that the process waits for is given up, and may have been done.
    ///
    /// # Panics
    /// The process does not wait for it.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write their values inline")]
    pub fn when_in_doubt(self, command: P::Command, reason: &str) -> Self {
        self.answered(&command, &Err(Failed { reason: reason.to_owned(), in_doubt: true }))
    }

    /// Time passes; timers that become due fire, in their order.
    ///
    /// # Panics
    /// What the process does cannot be written.
    #[track_caller]
    pub fn when_time_passes(mut self, time: Duration) -> Self {
        let end = self.now + time;
        self = self.nothing_done();
        while let Some((key, task)) = self.next_timer(end) {
            self.now = self.now.max(task.due);
            self.advance(&key, &Incoming::Due { task: task.number });
        }
        self.now = end;
        self
    }

    /// The process takes the step that it has put off: where it records events and undoes
    /// everything at once, it has everything undone in a step of its own.
    ///
    /// # Panics
    /// It has put nothing off.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn when_it_goes_on(mut self) -> Self {
        let mut open = self.instances.iter().filter_map(|(key, instance)| {
            let goes_on = |task: &&Task| task.what == What::GoOn;
            Some((key.clone(), instance.book.open.values().find(goes_on)?.number))
        });
        let Some((key, task)) = open.next() else { panic!("the process has put nothing off") };
        drop(open);
        self = self.nothing_done();
        self.advance(&key, &Incoming::GoOn { task });
        self
    }

    /// The commands that the process has asked for, those that are due later included.
    ///
    /// # Panics
    /// It has asked for others.
    #[track_caller]
    pub fn then_commands(self, expected: impl IntoIterator<Item = P::Command>) -> Self
    where
        P::Command: Debug,
    {
        let asked = self.done.opened.iter().filter_map(command_of::<P>).collect();
        same("commands", &expected.into_iter().collect(), &asked);
        self
    }

    /// The events that the process has recorded.
    ///
    /// # Panics
    /// It has recorded others.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoIterator<Item = P::Event>) -> Self
    where
        P::Event: Debug + PartialEq,
    {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(expected, self.done.events, "the process has recorded other events");
        self
    }

    /// The timers that the process has set, and after which time they are due.
    ///
    /// # Panics
    /// It has set others.
    #[track_caller]
    pub fn then_timers(self, expected: impl IntoIterator<Item = (Duration, P::Timer)>) -> Self
    where
        P::Timer: Debug,
    {
        let now = self.now;
        let set = self.done.opened.iter().filter_map(|task| match &task.what {
            What::Timer { timer } => Some(((task.due - now).try_into().ok()?, read(timer))),
            _ => None,
        });
        same(
            "timers",
            &expected.into_iter().collect::<Vec<(Duration, P::Timer)>>(),
            &set.collect(),
        );
        self
    }

    /// The process has done nothing.
    ///
    /// # Panics
    /// It has recorded, asked for or set something.
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        let (opened, events) = (self.done.opened.len(), self.done.events.len());
        assert!(
            opened == 0 && events == 0,
            "the process has asked for {opened} things and recorded {events} events"
        );
        self
    }

    /// Nothing goes on, or ever will.
    ///
    /// # Panics
    /// The process has not ended.
    #[track_caller]
    pub fn then_ended(self) -> Self {
        self.then_phase(&Phase::Ended)
    }

    /// The process takes in what comes.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn then_running(self) -> Self {
        self.then_phase(&Phase::Running)
    }

    /// The process waits for its last commands.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn then_ending(self) -> Self {
        self.then_phase(&Phase::Ending)
    }

    /// The process undoes what was done.
    ///
    /// # Panics
    /// It does not, or for another reason.
    #[track_caller]
    pub fn then_compensating(self, reason: &str) -> Self {
        self.then_phase(&Phase::Compensating { reason: reason.to_owned() })
    }

    /// The process waits for a person's decision about this command.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn then_parked(self, command: P::Command) -> Self
    where
        P::Command: Debug,
    {
        let wanted = value(&command);
        let waits = |task: &Task| matches!(&task.what, What::Decision { command, .. } if *command == wanted);
        let parked = self.instance().is_some_and(|it| it.book.open.values().any(waits));
        assert!(parked, "the process does not wait for a decision about {command:?}");
        self
    }

    /// The state of the process, for assertions of the test's own.
    ///
    /// # Panics
    /// It has not begun.
    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    pub fn state(&self) -> &P {
        match self.instance() {
            Some(instance) => &instance.state,
            None => panic!("the process has not begun"),
        }
    }

    #[track_caller]
    fn then_phase(self, expected: &Phase) -> Self {
        let phase = self.instance().map(|instance| &instance.book.phase);
        let open = self.instance().map(|instance| instance.book.open.values());
        let open: Vec<_> = open.into_iter().flatten().map(|task| &task.what).collect();
        assert!(
            phase == Some(expected),
            "the process is about something else\n expected: {expected:?}\n    found: {phase:?}, \
             waiting for {open:?}"
        );
        self
    }

    /// The instance that the last `when` was about.
    fn instance(&self) -> Option<&Instance<P>> {
        self.instances.get(self.done.instance.as_ref()?)
    }

    fn nothing_done(mut self) -> Self {
        (self.done.opened, self.done.events) = (Vec::new(), Vec::new());
        self
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    fn answered(mut self, command: &P::Command, outcome: &Result<P::Reply, Failed>) -> Self {
        let wanted = value(command);
        let waits = |task: &&Task| matches!(&task.what, What::Command { command, .. } if *command == wanted);
        let mut open = self.instances.iter().filter_map(|(key, instance)| {
            Some((key.clone(), instance.book.open.values().find(waits)?.number))
        });
        let Some((key, task)) = open.next() else {
            panic!("the process does not wait for the command {wanted}")
        };
        drop(open);
        self = self.nothing_done();
        self.advance(&key, &Incoming::Outcome { task, outcome });
        self
    }

    fn next_timer(&self, end: OffsetDateTime) -> Option<(String, Task)> {
        let timers = self.instances.iter().flat_map(|(key, instance)| {
            let open = instance.book.open.values();
            let timers = open.filter(|task| matches!(task.what, What::Timer { .. }));
            timers.map(move |task| (key, task))
        });
        let due = timers.filter(|(_, task)| task.due <= end);
        let next = due.min_by_key(|(key, task)| (task.due, *key, task.number))?;
        Some((next.0.clone(), next.1.clone()))
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a failed assertion")]
    fn advance(&mut self, key: &str, incoming: &Incoming<'_, P>) {
        self.done.instance = Some(key.to_owned());
        let new = Instance::new();
        let instance = self.instances.get(key).unwrap_or(&new);
        match engine::advance(instance, incoming, self.now) {
            Ok(Ok(next)) => {
                let instance = self.instances.entry(key.to_owned()).or_insert(new);
                let version = instance.version.advanced_by(1 + next.events.len() as u64);
                instance.advance(&next, version, EventId::new());
                self.done.opened.extend(next.step.opened);
                self.done.events.extend(next.events);
            }
            Ok(Err(_)) => {}
            Err(wrong) => panic!("what the process does cannot be written: {wrong}"),
        }
    }

    fn record(&mut self, stream: StreamId, event: P::Input) -> Recorded<P::Input> {
        let version = self.versions.entry(stream.clone()).or_default();
        *version = version.next();
        self.position = self.position.advanced_by(1);
        Recorded {
            id: EventId::new(),
            version: *version,
            stream,
            partition: Partition::FIRST,
            position: self.position,
            name: event.name().into(),
            schema_version: event.schema_version(),
            metadata: Metadata::new(),
            recorded_at: self.now,
            occurred_at: None,
            origin: Origin::Native,
            event,
        }
    }
}

impl<P: Process> Debug for Scenario<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = |instance: &Instance<P>| instance.book.phase.clone();
        let phases = self.instances.iter().map(|(key, instance)| (key, phase(instance)));
        f.debug_map().entries(phases).finish()
    }
}

fn command_of<P: Process>(task: &Task) -> Option<P::Command> {
    match &task.what {
        What::Command { command, .. } => Some(read(command)),
        _ => None,
    }
}

/// Compared as they are kept, so that commands need no `PartialEq`.
#[track_caller]
fn same<T: Serialize + Debug>(what: &str, expected: &Vec<T>, found: &Vec<T>) {
    let equal = value(expected) == value(found);
    assert!(equal, "the process has other {what}\n expected: {expected:#?}\n    found: {found:#?}");
}

#[track_caller]
#[expect(clippy::panic, reason = "a failed assertion")]
fn value(what: &impl Serialize) -> Value {
    serde_json::to_value(what).unwrap_or_else(|error| panic!("it cannot be written: {error}"))
}

#[track_caller]
#[expect(clippy::panic, reason = "a failed assertion")]
fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{value} cannot be read back: {error}"))
}
