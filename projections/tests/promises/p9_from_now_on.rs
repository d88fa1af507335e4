//! What is about what happens from now on may be given other types of events.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use annals::read_model::DeclareError;
use annals::{Event, Recorded, StreamId};
use annals_projections::{ExternalProjection, Running, StartError};

use super::domain::{AccountEvent, OtherEvent, account, append, deposited};
use super::world::World;

#[derive(Debug, Event)]
#[event(union)]
enum Either {
    Account(AccountEvent),
    Other(OtherEvent),
}

type Told = Arc<Mutex<Vec<String>>>;

/// Tells the names of events, and from which code.
struct Crier<E, const REVISION: u32> {
    told: Told,
    code: &'static str,
    events: PhantomData<fn() -> E>,
}

impl<E: Event, const REVISION: u32> ExternalProjection for Crier<E, REVISION> {
    const NAME: &'static str = "crier";
    const FROM_NOW_ON: bool = true;
    const REVISION: u32 = REVISION;
    type Event = E;
    type Error = std::convert::Infallible;

    async fn handle(&self, events: &[&Recorded<E>]) -> Result<(), Self::Error> {
        let told = events.iter().map(|event| format!("{}: {}", self.code, event.name));
        self.told.lock().unwrap().extend(told);
        Ok(())
    }
}

/// The read model, as code of other events and another revision has it.
async fn start<E: Event, const REVISION: u32>(
    world: &World,
    told: &Told,
    code: &'static str,
) -> Result<Running, StartError> {
    let crier = Crier::<E, REVISION> { told: told.clone(), code, events: PhantomData };
    world.runner().external(crier).start().await
}

async fn longer_than_a_lease() {
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}

/// What is told of the next events of both kinds.
async fn heard(world: &World, told: &Told, running: &Running) -> Vec<String> {
    told.lock().unwrap().clear();
    for n in 0..9 {
        append(
            &world.log,
            &StreamId::new("other", n.to_string()).unwrap(),
            &[OtherEvent::Happened],
        )
        .await;
    }
    append(&world.log, &account(1), &[deposited(1)]).await;
    running.caught_up().await.unwrap();
    let mut heard = std::mem::take(&mut *told.lock().unwrap());
    heard.sort();
    heard.dedup_by(|a, b| a == b);
    heard
}

pub async fn p9_what_is_from_now_on_follows_further_events_from_there(world: World) {
    let told = Told::default();
    let first = start::<AccountEvent, 1>(&world, &told, "first").await.unwrap();
    assert_eq!(heard(&world, &told, &first).await, ["first: account.deposited"]);
    // While the code before is at work.
    let wider = start::<Either, 1>(&world, &told, "wider").await.unwrap();
    wider.caught_up().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 0, "nothing of what was passed over");
    let both = ["wider: account.deposited", "wider: other.happened"];
    let all = heard(&world, &told, &wider).await;
    assert!(both.iter().all(|one| all.iter().any(|told| told == one)), "{all:?}");
    // What the code before had in hand when its leases ended was all of it.
    longer_than_a_lease().await;
    assert_eq!(heard(&world, &told, &wider).await, both);
    // Nor does it come back.
    wider.stop().await.unwrap();
    match start::<AccountEvent, 1>(&world, &told, "first").await.map(drop) {
        Err(StartError::Declare(DeclareError::OlderCode { missing, .. })) => {
            assert_eq!(missing, ["other.happened"]);
        }
        other => panic!("such events would be passed over: {other:?}"),
    }
    append(&world.log, &account(1), &[deposited(1)]).await;
    // Who is still there is handed nothing.
    longer_than_a_lease().await;
    assert_eq!(told.lock().unwrap().len(), 0);
    first.stop().await.unwrap();
}

pub async fn p9_what_is_from_now_on_may_follow_fewer_events_in_a_later_revision(world: World) {
    let told = Told::default();
    let wider = start::<Either, 1>(&world, &told, "wider").await.unwrap();
    let both = ["wider: account.deposited", "wider: other.happened"];
    assert_eq!(heard(&world, &told, &wider).await, both);
    let fewer = start::<AccountEvent, 2>(&world, &told, "fewer").await.unwrap();
    longer_than_a_lease().await;
    assert_eq!(heard(&world, &told, &fewer).await, ["fewer: account.deposited"]);
    wider.stop().await.unwrap();
    match start::<Either, 1>(&world, &told, "wider").await.map(drop) {
        Err(StartError::Declare(DeclareError::OlderRevision { known: 2, revision: 1, .. })) => {}
        other => panic!("the revision is older: {other:?}"),
    }
    // What was left is followed again, and what happened meanwhile is not for it.
    let again = start::<Either, 2>(&world, &told, "again").await.unwrap();
    again.caught_up().await.unwrap();
    assert_eq!(told.lock().unwrap().len(), 0);
    longer_than_a_lease().await;
    let both = ["again: account.deposited", "again: other.happened"];
    assert_eq!(heard(&world, &told, &again).await, both);
    fewer.stop().await.unwrap();
    again.stop().await.unwrap();
}
