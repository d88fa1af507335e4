//! P4: what may not fail the next time is tried again while the others go on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::Recorded;
use annals_projections::operations::Health;
use annals_projections::{ExternalProjection, Options};
use tokio::time::{sleep, timeout};

use super::domain::{AccountEvent, account, append, deposited};
use super::world::{PATIENCE, World};

/// Fails so often at each event of the account `1`, and notes what it is given.
#[derive(Clone)]
struct Fails {
    times: usize,
    given: Arc<Mutex<Vec<String>>>,
}

impl Fails {
    fn new(times: usize) -> Self {
        Self { times, given: Arc::default() }
    }

    fn given(&self) -> Vec<String> {
        self.given.lock().unwrap().clone()
    }
}

impl ExternalProjection for Fails {
    const NAME: &'static str = "fails";
    type Event = AccountEvent;
    type Error = std::fmt::Error;

    async fn handle(&self, events: &[&Recorded<AccountEvent>]) -> Result<(), std::fmt::Error> {
        for event in events {
            let name = format!("{} {}", event.stream.key(), event.version);
            let mut given = self.given.lock().unwrap();
            given.push(name.clone());
            let times = given.iter().filter(|other| **other == name).count();
            if event.stream.key() == "1" && times <= self.times {
                return Err(std::fmt::Error);
            }
        }
        Ok(())
    }

    fn is_transient(_: &std::fmt::Error) -> bool {
        false
    }
}

/// What is behind the event in other keys does not wait until it is handled, and what is
/// behind it in its own key does; then nothing is parked any more.
pub async fn p4_others_go_on_while_an_event_is_tried_again(world: World) {
    for (key, cents) in [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1)] {
        append(&world.log, &account(key), &[deposited(cents)]).await;
    }
    let fails = Fails::new(5);
    let options = Options::new().batch(1).attempts(10);
    let runner = world.runner().external_with(fails.clone(), options);
    timeout(PATIENCE, runner.run_until_caught_up()).await.expect("in time").unwrap();
    let given = fails.given();
    let times = |name: &str| given.iter().filter(|other| *other == name).count();
    assert_eq!((times("1 1"), times("1 2")), (6, 6), "five failures each: {given:?}");
    assert_eq!((times("2 1"), times("2 2"), times("3 1")), (1, 1, 1));
    let first = |name: &str| given.iter().position(|other| other == name).unwrap();
    let last = |name: &str| given.iter().rposition(|other| other == name).unwrap();
    assert!(last("1 1") < first("1 2"), "in their order: {given:?}");
    // The pauses between the attempts are longer than a second together.
    for other in ["2 1", "2 2", "3 1"] {
        assert!(first(other) < last("1 1"), "{other} has not waited for all of them: {given:?}");
    }
    let health = world.operations().status().await.unwrap().health();
    assert_eq!(health, Health::Good, "nothing is parked any more");
    assert!(world.operations().audit("fails", None).await.unwrap().is_clean());
}

/// It is tried as often as it should be, and then stays parked with those behind it.
pub async fn p4_what_fails_as_often_as_it_may_stays_parked(world: World) {
    append(&world.log, &account(1), &[deposited(1), deposited(2)]).await;
    append(&world.log, &account(2), &[deposited(1)]).await;
    let fails = Fails::new(100);
    let runner = world.runner().external_with(fails.clone(), Options::new().batch(1).attempts(3));
    let running = runner.start().await.unwrap();
    timeout(PATIENCE, running.caught_up()).await.expect("in time").unwrap();
    let letters = annals::read_model::LetterQuery::all();
    let letters =
        annals::read_model::ReadModelStore::letters(&world.models, &letters).await.unwrap();
    let parked: Vec<_> =
        letters.iter().map(|letter| (letter.version.get(), letter.attempts)).collect();
    assert_eq!(parked, [(1, 3), (2, 0)]);
    // Nobody tries it any more by himself.
    sleep(Duration::from_millis(400)).await;
    assert_eq!(fails.given().iter().filter(|name| *name == "1 1").count(), 3);
    running.stop().await.unwrap();
}
