//! How the payment service is told to fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong, and how often: each of the chances is from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Behaviour {
    /// With what the dice begin: the same requests then fail again
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How long each answer takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) slow_ms: u32,
    /// How often it does nothing and says so
    #[arg(long, default_value_t = 0.0)]
    pub(crate) fail: f64,
    /// How often it is silent, having done what was asked or not
    #[arg(long, default_value_t = 0.0)]
    pub(crate) hang: f64,
    /// How often it drops the connection, having done what was asked or not
    #[arg(long, default_value_t = 0.0)]
    pub(crate) vanish: f64,
    /// How often it refuses an authorization
    #[arg(long, default_value_t = 0.0)]
    pub(crate) refuse: f64,
}

impl Behaviour {
    pub(super) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow_ms.into())
    }
}

/// Chance that repeats itself from its seed: `SplitMix64`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub(crate) fn chance(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `true` as often as `chance` says.
    pub(crate) fn says(&mut self, chance: f64) -> bool {
        self.chance() < chance
    }

    /// A number from 0 to below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or_default()
    }
}
