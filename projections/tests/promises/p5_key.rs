//! P5: one document is made anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::read_model::{DocumentKey, MendError, ModelId, ReadModelStore};
use annals::{EventStore, Recorded, StreamId};
use annals_projections::operations::Failed;
use annals_projections::{Keys, LiveView, View};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::domain::{AccountEvent, Balance, account, append, change, deposited, sent};
use super::world::World;

/// What accounts of one last digit have moved.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Digit {
    cents: i64,
    events: u64,
}

fn digit(stream: &StreamId) -> i64 {
    stream.key().parse::<i64>().unwrap_or_default() % 10
}

impl View for Digit {
    const NAME: &'static str = "digits";
    type Key = i64;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<i64> {
        Keys::one(digit(&event.stream))
    }

    fn evolve(&mut self, _: &i64, event: &Recorded<AccountEvent>) {
        self.cents += change(&event.event).expect("no poison");
        self.events += 1;
    }
}

impl LiveView for Digit {
    fn streams(key: &i64) -> Vec<StreamId> {
        (0..3).map(|tens| account(tens * 10 + key)).collect()
    }
}

/// Somebody alters a document by hand.
async fn alter(world: &World, key: i64) {
    let id = ModelId::new("digits", 1).unwrap();
    let wrong = || Some(r#"{"cents": 1000000, "events": 1}"#.into());
    loop {
        let models = world.models.models(Some("digits")).await.unwrap();
        let at: Vec<_> = models[0].units.iter().map(|unit| unit.checkpoint).collect();
        match world.models.mend(&id, &at, &DocumentKey::Integer(key), wrong()).await {
            Err(MendError::Moved { .. }) => {}
            Err(MendError::Store(error)) if error.is_transient() => {}
            altered => return altered.unwrap(),
        }
    }
}

pub async fn p5_one_key_is_rebuilt_under_load(world: World) {
    for n in 0..30 {
        append(&world.log, &account(n), &[deposited(n)]).await;
    }
    let runner = world.runner().view::<Digit>().start().await.unwrap();
    runner.caught_up().await.unwrap();
    let operations = world.operations();
    assert!(!operations.rebuild_key::<Digit>(&3).await.unwrap(), "it is as it should be");

    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (log, done) = (world.log.clone(), done.clone());
            tokio::spawn(async move {
                for nth in (writer..).step_by(4) {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    append(&log, &account(nth % 30), &[sent("x", nth)]).await;
                    sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    alter(&world, 3).await;
    // Its worker has taken the wrong document for the right one.
    sleep(Duration::from_millis(300)).await;
    let wrong = world.views().get::<Digit>(&3).await.unwrap().unwrap();
    assert!(wrong.cents > 900_000, "{wrong:?}");
    assert!(operations.rebuild_key::<Digit>(&3).await.unwrap(), "it was another one");

    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    runner.caught_up().await.unwrap();
    world.assert_as_replayed::<Digit>().await;
    assert!(!operations.rebuild_key::<Digit>(&3).await.unwrap());
    runner.stop().await.unwrap();
}

/// Without a worker, for keys without events, and not where the events of a key wait.
pub async fn p5_one_key_is_rebuilt_only_where_it_can_be(world: World) {
    let operations = world.operations();
    let unknown = operations.rebuild_key::<Digit>(&3).await;
    assert!(matches!(unknown, Err(Failed::Unknown { .. })), "{unknown:?}");

    append(&world.log, &account(3), &[deposited(3)]).await;
    world.runner().view::<Digit>().run_until_caught_up().await.unwrap();
    alter(&world, 3).await;
    alter(&world, 4).await;
    assert!(operations.rebuild_key::<Digit>(&3).await.unwrap());
    assert!(operations.rebuild_key::<Digit>(&4).await.unwrap(), "there is nothing under it");
    world.assert_as_replayed::<Digit>().await;

    let poison = AccountEvent::Poisoned { cure: format!("never {}", world.log.log().id) };
    append(&world.log, &account(5), &[poison]).await;
    world.runner().view::<Digit>().view::<Balance>().run_until_caught_up().await.unwrap();
    let parked = operations.rebuild_key::<Digit>(&5).await;
    assert!(matches!(parked, Err(Failed::Mend(MendError::Parked { .. }))), "{parked:?}");
}
