//! Everything that happens by chance, from one seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::sleep;

/// A generator of random numbers that all parts of a run share (`SplitMix64`, by Sebastiano
/// Vigna, public domain).
#[derive(Debug, Clone)]
pub struct Dice(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    seed: u64,
    calm: bool,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { seed, calm: false })))
    }

    pub fn roll(&self, below: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        state.seed = state.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    /// Whether something happens that happens once in so many times; never when all is
    /// calm.
    pub fn once_in(&self, times: u64) -> bool {
        let happens = self.roll(times) == 0;
        happens && !self.0.lock().unwrap().calm
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        self.0.lock().unwrap().calm = true;
    }

    /// Others get their turn; now and then for long.
    pub async fn pause(&self) {
        for _ in 0..self.roll(3) {
            yield_now().await;
        }
        if self.once_in(40) {
            sleep(Duration::from_millis(self.roll(400))).await;
        }
        if self.once_in(200) {
            // Past every lease.
            sleep(Duration::from_millis(1_000 + self.roll(3_000))).await;
        }
    }
}
