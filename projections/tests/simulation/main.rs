//! The runner, simulated: everything that can go wrong goes wrong by chance, and each run
//! repeats itself from its seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

mod chaos;
mod dice;
#[path = "../promises/domain.rs"]
#[allow(dead_code, reason = "another suite uses the rest")]
mod domain;
mod run;
mod shaky;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use chaos::Mutant;

/// One run in a runtime of its own, with one thread and a clock that only moves when nobody
/// has anything to do.
fn simulate(seed: u64, mutant: Mutant) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    quiet();
    let run = || runtime.block_on(run::run(seed, mutant));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

/// Poison panics on purpose, and need not be printed.
fn quiet() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.payload_as_str() != Some("poison") {
                usual(panic);
            }
        }));
    });
}

fn seeds(default: u64) -> std::ops::Range<u64> {
    let set = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = set("ANNALS_SEED").unwrap_or(0);
    first..first + set("ANNALS_SEEDS").unwrap_or(default)
}

#[test]
fn every_run_ends_as_a_replay_does() {
    for seed in seeds(2_000) {
        if let Err(wrong) = simulate(seed, Mutant::None) {
            panic!("seed {seed}: {wrong}\nagain: ANNALS_SEED={seed} ANNALS_SEEDS=1");
        }
    }
}

/// The last roll of the dice depends on all that happened before.
#[test]
fn a_seed_repeats_itself() {
    for seed in seeds(20) {
        let once = simulate(seed, Mutant::None).unwrap();
        assert_eq!(simulate(seed, Mutant::None), Ok(once), "seed {seed}");
    }
}

fn is_found(mutant: Mutant) {
    let found = seeds(1_000).find_map(|seed| Some((seed, simulate(seed, mutant).err()?)));
    let (seed, wrong) = found.unwrap_or_else(|| panic!("{mutant:?} is not found"));
    eprintln!("{mutant:?} is found by seed {seed}: {wrong}");
}

#[test]
fn a_store_without_a_fence_is_found() {
    is_found(Mutant::NoFence);
}

#[test]
fn a_checkpoint_before_its_rows_is_found() {
    is_found(Mutant::CheckpointFirst);
}

#[test]
fn a_lost_dead_letter_is_found() {
    is_found(Mutant::LostLetter);
}

#[test]
fn a_skipped_event_is_found() {
    is_found(Mutant::Hole);
}

#[test]
fn a_swapped_order_is_found() {
    is_found(Mutant::Swap);
}
