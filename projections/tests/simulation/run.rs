//! One run: writers, workers that come and go, failures; then calm, and a look at what has
//! come of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::read_model::{LetterQuery, Which};
use annals::{Clock, EventStore};
use annals_memory::{MemoryReadModels, MemoryStore};
use annals_projections::{Documents, Operations, Options, Runner, Running, Views, replay};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout};

use super::chaos::{Chaos, Mutant};
use super::dice::Dice;
use super::domain::{AccountEvent, Balance, Lines, account, append, cure, deposited, sent};
use super::shaky::Shaky;

/// The time of the runtime, which stands still while anybody works.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + self.0.elapsed()
    }
}

/// What there is in a run.
struct Scene {
    log: MemoryStore,
    models: MemoryReadModels,
    chaos: Chaos,
    slices: u16,
    /// The name of the cure: what was found in one run is unknown in the next.
    cure: String,
}

/// How many runs there were.
static RUNS: AtomicU64 = AtomicU64::new(0);

impl Scene {
    async fn start(&self) -> Running {
        let Chaos { dice, mutant, .. } = self.chaos.clone();
        let log = Shaky { inner: self.log.clone(), dice, mutant };
        let options = Options::new().batch(1 + self.chaos.dice.roll(40) as usize).attempts(2);
        let runner = Runner::new(log, self.chaos.clone()).lease(Duration::from_secs(1));
        let runner = runner.view_with::<Balance>(options.clone());
        let runner = runner.projection_with(Lines, options.slices(self.slices));
        runner.start().await.expect("a runner")
    }

    async fn write(&self, events: u64) {
        let dice = self.chaos.dice.clone();
        let log = self.log.clone().erased();
        for n in 0..events {
            let stream = account(dice.roll(6));
            let event = match dice.roll(30) {
                0 => AccountEvent::Poisoned { cure: self.cure.clone() },
                roll if roll < 10 => sent(&dice.roll(6).to_string(), 1),
                _ => deposited(n.cast_signed()),
            };
            append(&log, &stream, &[event]).await;
            sleep(Duration::from_millis(dice.roll(60))).await;
        }
    }

    /// Workers come, crash and go.
    async fn disturb(&self, rounds: u64) -> Vec<Running> {
        let dice = &self.chaos.dice;
        let mut workers = vec![self.start().await];
        for _ in 0..rounds {
            sleep(Duration::from_millis(dice.roll(900))).await;
            match dice.roll(4) {
                // A crash: nothing is handed over.
                0 if !workers.is_empty() => {
                    let crashed = usize::try_from(dice.roll(workers.len() as u64)).unwrap();
                    drop(workers.remove(crashed));
                }
                1 if workers.len() > 1 => {
                    let stopped = workers.remove(0);
                    stopped.stop().await.expect("a clean stop");
                }
                _ if workers.len() < 3 => workers.push(self.start().await),
                _ => {}
            }
        }
        workers
    }
}

/// How a run ended: the next roll of its dice; `Err` says what is wrong.
pub async fn run(seed: u64, mutant: Mutant) -> Result<u64, String> {
    let dice = Dice::new(seed);
    let clock = Arc::new(Virtual(Instant::now()));
    let models = MemoryReadModels::with_clock(Shared(clock.clone()));
    let partitions = [1, 1, 3][usize::try_from(dice.roll(3)).unwrap()];
    let log = MemoryStore::builder().partitions(partitions).clock(Shared(clock)).build();
    let leases = Arc::new(Mutex::default());
    let chaos = Chaos { inner: models.clone(), dice: dice.clone(), mutant, leases };
    let slices = 1 + u16::try_from(dice.roll(3)).unwrap();
    let cure = format!("run {}", RUNS.fetch_add(1, Ordering::Relaxed));
    let scene = Scene { log, models, chaos, slices, cure };

    let (workers, ()) = futures::join!(scene.disturb(8), scene.write(60));
    dice.calm_down();
    drop(workers);
    let last = scene.start().await;
    let settled = timeout(Duration::from_secs(120), settle(&scene, &last)).await;
    let settled = settled.unwrap_or_else(|_| Err("it does not come to an end".to_owned()));
    last.stop().await.map_err(|error| error.to_string())?;
    settled?;
    verify(&scene).await?;
    Ok(dice.roll(u64::MAX))
}

struct Shared(Arc<Virtual>);

impl Clock for Shared {
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }
}

/// Until everything is caught up; then the cure is found, and what was parked is retried.
async fn settle(scene: &Scene, last: &Running) -> Result<(), String> {
    last.caught_up().await.map_err(|error| error.to_string())?;
    cure::found(&scene.cure);
    let operations = Operations::new(scene.log.clone(), scene.models.clone());
    loop {
        let all = LetterQuery::all();
        let letters = operations.letters(&all).await.map_err(|error| error.to_string())?;
        if letters.is_empty() {
            return Ok(());
        }
        operations.retry(&all).await.map_err(|error| error.to_string())?;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn verify(scene: &Scene) -> Result<(), String> {
    let replayed: Documents<Balance> = replay(&scene.log).await.map_err(|e| e.to_string())?;
    let kept = Views::new(scene.models.clone()).page::<Balance>(None, 100).await;
    let kept = kept.map_err(|error| error.to_string())?;
    let replayed: Vec<_> = replayed.into_iter().collect();
    if kept != replayed {
        return Err(format!(
            "the view is not that of a replay:\nkept {kept:?}\nreplayed {replayed:?}"
        ));
    }
    let which = Which::Current("lines".to_owned());
    let lines = scene.models.table::<(String, u64), i64>(&which, "lines");
    let lines = lines.map_err(|error| error.to_string())?;
    for pair in lines.windows(2) {
        let ((one, before), (next, after)) = (&pair[0].0, &pair[1].0);
        if one == next && before + 1 != *after {
            return Err(format!("a line is missing behind {one} {before}"));
        }
    }
    let operations = Operations::new(scene.log.clone(), scene.models.clone());
    for name in ["balances", "lines"] {
        let audit = operations.audit(name, None).await.map_err(|error| error.to_string())?;
        if !audit.is_clean() {
            return Err(format!("{audit}"));
        }
    }
    Ok(())
}
