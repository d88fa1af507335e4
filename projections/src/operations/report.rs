//! Tells again and again how read models are doing.

use std::convert::Infallible;
use std::mem::discriminant;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Health, Operations};
use crate::meter::{self, Gauges};

/// The shortest interval: each look asks the log and the store.
const SHORTEST: Duration = Duration::from_millis(100);

impl Operations {
    /// Looks at all read models at this interval, 100 ms at least, and tells what it sees:
    /// an event of `tracing` whenever the health has changed, and with the feature `metrics`
    /// the figures of each unit. One process that does so is enough.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use annals_projections::Operations;
    /// # fn example(operations: Operations) {
    /// tokio::spawn(async move { operations.report(Duration::from_secs(10)).await });
    /// # }
    /// ```
    ///
    /// It never ends by itself; a look that fails is told as well, and made again. Dropping
    /// the future ends it and leaves nothing behind.
    pub async fn report(&self, every: Duration) -> Infallible {
        let mut looks = interval(every.max(SHORTEST));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        meter::describe();
        let mut gauges = Gauges::default();
        let mut told = Some(discriminant(&Health::Good));
        loop {
            looks.tick().await;
            match self.status().await {
                Ok(status) => {
                    gauges.set(&status);
                    let health = status.health();
                    if told != Some(discriminant(&health)) {
                        tell(&health);
                    }
                    told = Some(discriminant(&health));
                }
                Err(error) => {
                    gauges.unknown();
                    if told.take().is_some() {
                        tracing::error!(target: "annals", %error, "nobody knows how the read models are doing");
                    }
                }
            }
        }
    }
}

fn tell(health: &Health) {
    match health {
        Health::Good => tracing::info!(target: "annals", "all read models are well"),
        Health::Impaired(_) => {
            tracing::warn!(target: "annals", %health, "somebody should look at the read models");
        }
        Health::Bad(_) => {
            tracing::error!(target: "annals", %health, "somebody must look at the read models");
        }
    }
}
