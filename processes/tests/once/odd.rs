//! A process that does what it should not, as the event says, until it is cured.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::{Aggregate, Event, Recorded};
use annals_processes::{
    Call, CallOptions, Executor, Failure, Input, Process, ProcessOptions, Processes, Reaction,
    Route, RunningProcesses,
};
use serde::{Deserialize, Serialize};

use super::place::{LEASE, Place};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "thing")]
pub enum ThingEvent {
    /// Begins an instance, which does this.
    Begun {
        how: String,
    },
    Poked,
    /// Nobody knows for whom it is until its thing is cured.
    Blurred,
}

#[derive(Debug, Default)]
pub struct Thing;

impl Aggregate for Thing {
    const CATEGORY: &'static str = "thing";
    type Id = str;
    type Event = ThingEvent;

    fn evolve(&mut self, _: &ThingEvent) {}
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "odd")]
pub enum OddEvent {
    Noted { text: String },
}

/// A text that is not read before the one whom it names is cured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Word(String);

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix("unreadable:") {
            Some(who) if !is_cured(who) => Err("from the future".to_owned()),
            _ => Ok(Self(text)),
        }
    }
}

static CURED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub fn cure(who: &str) {
    CURED.lock().unwrap().insert(who.to_owned());
}

fn is_cured(who: &str) -> bool {
    CURED.lock().unwrap().contains(who)
}

#[derive(Debug, Default)]
pub struct Odd {
    notes: usize,
}

impl Process for Odd {
    const NAME: &'static str = "odd";
    type Input = ThingEvent;
    type Event = OddEvent;
    type Command = Word;
    type Reply = String;
    type Timer = Word;

    fn route(event: &Recorded<ThingEvent>) -> Route {
        match event.event {
            ThingEvent::Begun { .. } => Route::start(event.stream.key()),
            ThingEvent::Blurred if !is_cured(event.stream.key()) => panic!("odd"),
            ThingEvent::Poked | ThingEvent::Blurred => Route::to(event.stream.key()),
        }
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(Recorded { event: ThingEvent::Begun { how }, stream, .. }) => {
                let who = stream.key();
                let word = Word(format!("{how}:{who}"));
                match how.as_str() {
                    "panic" | "large" | "many" | "kind" if is_cured(who) => Reaction::none().end(),
                    "panic" => panic!("odd"),
                    "large" => {
                        Reaction::none().record(OddEvent::Noted { text: "a".repeat(1 << 21) })
                    }
                    "many" => {
                        let ask = |reaction: Reaction<Self>, number| {
                            reaction.command(Word(format!("{number}")))
                        };
                        (0..1_001).fold(Reaction::none(), ask)
                    }
                    "timer" => Reaction::none().after(Duration::from_millis(1), word),
                    "long" => Reaction::none().after(Duration::from_secs(3_600), word),
                    _ => Reaction::none().command(word),
                }
            }
            Input::Event(_) => Reaction::none().record(OddEvent::Noted { text: String::new() }),
            Input::Done { command: Word(word), .. } | Input::Timer(Word(word)) => {
                let mut parts = word.split(':');
                let (how, who) = (parts.next().unwrap(), parts.next().unwrap_or_default());
                let panics = matches!(how, "panicking_reply" | "timer") && !is_cured(who);
                assert!(!panics, "odd");
                Reaction::none().end()
            }
            Input::Failed { failure, .. } => {
                let text = failure.reason.clone();
                Reaction::none().record(OddEvent::Noted { text }).end()
            }
            Input::Compensated { .. } => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &OddEvent) {
        self.notes += 1;
    }

    fn kind(Word(word): &Word) -> &'static str {
        if word.starts_with("kind") { "No Kind" } else { "nobody_has_options_for_it" }
    }
}

/// Carries out what the process asks for, and remembers it.
#[derive(Clone, Default)]
pub struct Hands {
    pub done: Arc<Mutex<Vec<String>>>,
}

impl Hands {
    pub fn has_done(&self, who: &str) -> usize {
        self.done.lock().unwrap().iter().filter(|word| word.ends_with(who)).count()
    }

    /// A worker on odd processes.
    pub async fn work(&self, place: &Place) -> RunningProcesses {
        self.work_from(place, ProcessOptions::new().from_beginning()).await
    }

    /// A worker that begins with odd processes as these options say.
    pub async fn work_from(&self, place: &Place, options: ProcessOptions) -> RunningProcesses {
        let processes = Processes::new(place.log.clone(), place.models.clone());
        let options = options.kind("command", CallOptions::new().attempts(1));
        let processes = processes.process_with::<Odd>(self.clone(), options);
        processes.clock(place.clock.clone()).lease(LEASE).start().await.unwrap()
    }
}

impl Executor<Word> for Hands {
    type Reply = String;

    async fn execute(&self, Word(word): &Word, _: &Call) -> Result<String, Failure> {
        self.done.lock().unwrap().push(word.clone());
        Ok(if word.starts_with("large_reply") { "a".repeat(1 << 21) } else { String::new() })
    }
}
