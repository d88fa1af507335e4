//! What a process or a policy follows may change when code changes.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::{Event, Recorded};
use annals_processes::{
    Call, Executor, Failure, Input, Policy, Process, Processes, Reaction, Route, RunningProcesses,
    StartError,
};
use serde::{Deserialize, Serialize};

use super::domain::{BillEvent, OrderEvent};
use super::world::World;

#[derive(Debug, Event)]
#[event(union)]
enum Either {
    Order(OrderEvent),
    Bill(BillEvent),
}

/// Tells somebody what has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tell(String);

/// A process that tells each event, as code that follows other events and has another revision
/// has it.
struct Watching<E, const REVISION: u32>(PhantomData<fn() -> E>);

impl<E, const REVISION: u32> Default for Watching<E, REVISION> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "watching")]
enum Noted {
    Noted,
}

/// What an event says in two words.
fn said<E: Event>(event: &Recorded<E>) -> String {
    format!("{} {}", event.stream, event.version)
}

impl<E: Event, const REVISION: u32> Process for Watching<E, REVISION> {
    const NAME: &'static str = "watching";
    const REVISION: u32 = REVISION;
    type Input = E;
    type Event = Noted;
    type Command = Tell;
    type Reply = ();
    type Timer = ();

    fn route(event: &Recorded<E>) -> Route {
        // An instance for each event.
        Route::start(format!("{}-{}", event.stream, event.version))
    }

    fn react(&self, input: &Input<'_, Self>) -> Reaction<Self> {
        match input {
            Input::Event(event) => Reaction::none().command(Tell(said(event))).end(),
            _ => Reaction::none(),
        }
    }

    fn evolve(&mut self, _: &Noted) {}
}

/// A policy that does the same.
struct Telling<E, const REVISION: u32>(PhantomData<fn() -> E>);

impl<E: Event, const REVISION: u32> Policy for Telling<E, REVISION> {
    const NAME: &'static str = "telling";
    const REVISION: u32 = REVISION;
    type Event = E;
    type Command = Tell;

    fn react(event: &Recorded<E>) -> Vec<Tell> {
        vec![Tell(said(event))]
    }
}

/// Hears what it is told under one key once.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<BTreeMap<String, String>>>);

impl Executor<Tell> for Ear {
    type Reply = ();

    async fn execute(&self, Tell(what): &Tell, call: &Call) -> Result<(), Failure> {
        self.0.lock().unwrap().insert(call.key.as_str().to_owned(), what.clone());
        Ok(())
    }
}

impl Ear {
    /// Waits until so much was heard, and tells it.
    async fn heard(&self, count: usize) -> Vec<String> {
        for _ in 0..3_000 {
            if self.0.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut heard: Vec<_> = self.0.lock().unwrap().values().cloned().collect();
        heard.sort();
        heard
    }
}

/// Which of the two is looked at.
trait Kind {
    fn add<E: Event, const REVISION: u32>(
        processes: Processes<annals::read_model::AnySession>,
        ear: Ear,
    ) -> Processes<annals::read_model::AnySession>;
}

struct AProcess;
struct APolicy;

impl Kind for AProcess {
    fn add<E: Event, const REVISION: u32>(
        processes: Processes<annals::read_model::AnySession>,
        ear: Ear,
    ) -> Processes<annals::read_model::AnySession> {
        processes.process::<Watching<E, REVISION>>(ear)
    }
}

impl Kind for APolicy {
    fn add<E: Event, const REVISION: u32>(
        processes: Processes<annals::read_model::AnySession>,
        ear: Ear,
    ) -> Processes<annals::read_model::AnySession> {
        processes.policy::<Telling<E, REVISION>>(ear)
    }
}

async fn start<K: Kind, E: Event, const REVISION: u32>(
    world: &World,
    ear: &Ear,
) -> Result<RunningProcesses, StartError> {
    let processes = Processes::new(world.log.clone(), world.models.clone());
    K::add::<E, REVISION>(processes, ear.clone()).lease(Duration::from_secs(1)).start().await
}

async fn write(world: &World, bill: &str) {
    let written = BillEvent::Written { line: "bread".to_owned() };
    world.office.bills.update(bill, |_: &_| written.clone()).await.unwrap();
}

async fn follows_other_events<K: Kind>(world: World) {
    let ear = Ear::default();
    let first = start::<K, OrderEvent, 1>(&world, &ear).await.unwrap();
    for bill in ["1", "2", "3", "4", "5"] {
        write(&world, bill).await;
    }
    world.change("1", &[]).await;
    first.caught_up().await.unwrap();
    assert_eq!(ear.heard(1).await, ["order-1 1"]);

    // Further events, while the code before is still at work.
    let wider = start::<K, Either, 1>(&world, &ear).await.unwrap();
    for bill in ["1", "2", "3", "4", "5"] {
        write(&world, bill).await;
    }
    world.change("1", &[]).await;
    wider.caught_up().await.unwrap();
    let mut all = vec!["bill-1 2", "bill-2 2", "bill-3 2", "bill-4 2", "bill-5 2"];
    all.extend(["order-1 1", "order-1 2"]);
    assert_eq!(ear.heard(all.len()).await, all);
    let refused = start::<K, OrderEvent, 1>(&world, &ear).await.map(drop).unwrap_err();
    assert!(refused.to_string().contains("bill.written"), "{refused}");
    first.stop().await.unwrap();
    wider.stop().await.unwrap();

    // Fewer, in a later revision.
    let fewer = start::<K, OrderEvent, 2>(&world, &ear).await.unwrap();
    write(&world, "1").await;
    world.change("1", &[]).await;
    fewer.caught_up().await.unwrap();
    all.push("order-1 3");
    assert_eq!(ear.heard(all.len()).await, all);
    let refused = start::<K, Either, 1>(&world, &ear).await.map(drop).unwrap_err();
    assert!(refused.to_string().contains("revision 2"), "{refused}");
    fewer.stop().await.unwrap();

    // What was passed over is not for them even where nobody knows how far they were.
    let Some(world) = world.with_new_read_models() else { return };
    let new = Ear::default();
    let wider = start::<K, Either, 3>(&world, &new).await.unwrap();
    write(&world, "6").await;
    wider.caught_up().await.unwrap();
    while !new.heard(1).await.contains(&"bill-6 1".to_owned()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let heard = new.heard(1).await;
    assert!(!heard.contains(&"bill-1 1".to_owned()), "{heard:?}");
    wider.stop().await.unwrap();
}

pub async fn a_process_follows_other_events_from_where_it_is(world: World) {
    follows_other_events::<AProcess>(world).await;
}

pub async fn a_policy_follows_other_events_from_where_it_is(world: World) {
    follows_other_events::<APolicy>(world).await;
}
