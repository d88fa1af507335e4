//! Everything that can go wrong goes wrong by chance, and each run repeats itself from its
//! seed: however it goes, it ends as a run does in which nothing goes wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use annals::EventStore;
use annals::testing::ScriptedStore;
use annals_processes::RunningProcesses;
use annals_processes::step::Phase;
use tokio::time::sleep;

use super::dice::Dice;
use super::ending::Ending;
use super::life::Life;
use super::matrix::simulated;
use super::meddled::Meddled;
use super::place::Place;
use super::shaky::Shaky;

/// Pauses of the simulation are shorter than this, and longer.
const LEASE: Duration = Duration::from_secs(1);

const ORDERS: [&str; 6] =
    ["good-1-run", "refused-1-run", "doubt-1-run", "good-2-run", "refused-2-run", "doubt-2-run"];

async fn start(place: &Place, dice: &Dice) -> RunningProcesses {
    let log = || Shaky { inner: ScriptedStore::new(place.log.clone()), dice: dice.clone() };
    let models = || Meddled { inner: place.models.clone(), meddler: Arc::new(dice.clone()) };
    loop {
        // Where the log fails while it begins, somebody starts it again.
        match place.worker_on(log().erased(), models(), (&Life::new(None), LEASE)).await {
            Ok(worker) => return worker,
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Workers come, crash and go.
async fn disturb(place: &Place, dice: &Dice, rounds: u64) -> Vec<RunningProcesses> {
    let mut workers = vec![start(place, dice).await, start(place, dice).await];
    for _ in 0..rounds {
        sleep(Duration::from_millis(dice.roll(800))).await;
        let worker = workers.remove(dice.roll(2) as usize);
        match dice.roll(3) {
            0 => drop(worker),
            1 => drop(worker.stop().await),
            _ => {
                workers.push(worker);
                continue;
            }
        }
        workers.push(start(place, dice).await);
    }
    workers
}

async fn run(dice: Dice, rounds: u64) -> (Ending, u64) {
    let place = Place::memory();
    // The process follows the log from here on.
    start(&place, &dice).await.stop().await.ok();
    let orders = async {
        place.receive("apple-run", 100).await;
        for order in ORDERS {
            sleep(Duration::from_millis(dice.roll(500))).await;
            place.order(order, "apple-run").await;
        }
    };
    let (workers, ()) = futures::join!(disturb(&place, &dice, rounds), orders);
    dice.calm_down();
    for order in ORDERS {
        place.until(order, |overview| overview.book.phase == Phase::Ended).await;
    }
    place.until_all_is_done().await;
    for worker in workers {
        worker.stop().await.unwrap();
    }
    (Ending::of(&place, "run").await, dice.roll(u64::MAX))
}

fn seeds(default: u64) -> std::ops::Range<u64> {
    let set = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = set("ANNALS_SEED").unwrap_or(0);
    first..first + set("ANNALS_SEEDS").unwrap_or(default)
}

#[test]
fn every_run_ends_as_a_calm_one_does() {
    let calm = Dice::new(0);
    calm.calm_down();
    let (expected, _) = simulated(async || run(calm, 0).await);
    expected.verify();
    for seed in seeds(200) {
        let play = || simulated(async || run(Dice::new(seed), 6).await).0;
        let ending = catch_unwind(AssertUnwindSafe(play));
        assert_eq!(
            ending.ok().as_ref(),
            Some(&expected),
            "again: ANNALS_SEED={seed} ANNALS_SEEDS=1"
        );
    }
}
