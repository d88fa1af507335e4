//! What it costs the others when ten of a thousand keys are poisoned: the same events and
//! the same code, which fails at these keys from their 21st event on, or does not. The keys
//! have as many events each, and take turns.
//!
//! All events of the log count on both sides, those that are parked too: they are one of a
//! hundred.

use annals::Recorded;
use annals_postgres::sqlx::{self, PgConnection};
use annals_projections::{Keys, Projection, Runner, View};
use serde::{Deserialize, Serialize};

use super::fill::Log;
use super::models::{Balance, Booked};
use super::{Cost, measure};
use crate::Failure;
use crate::account::AccountEvent;
use crate::postgres::{BenchServer, Row};

/// The pairs of runs, of which the median is told: with poison and without in turns, because
/// other work on the machine slows both.
const PAIRS: usize = 5;

/// Ten of the thousand keys of the log.
fn is_poisoned(event: &Recorded<AccountEvent>, version: u64) -> bool {
    let key = event.stream.key().parse::<u64>().unwrap_or(1);
    key.is_multiple_of(100) && event.version.get() > version
}

/// The balance of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
struct View0<const POISON: bool>(Balance);

impl<const POISON: bool> View for View0<POISON> {
    const NAME: &'static str = "balances";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Balance::keys(event)
    }

    fn evolve(&mut self, key: &String, event: &Recorded<AccountEvent>) {
        assert!(!(POISON && is_poisoned(event, 20)), "poison");
        self.0.evolve(key, event);
    }
}

/// The same in a table, by a statement for each event.
struct Rows<const POISON: bool>;

impl<const POISON: bool> Projection<PgConnection> for Rows<POISON> {
    const NAME: &'static str = "booked";
    type Event = AccountEvent;
    type Error = sqlx::Error;

    async fn set_up(&self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        Booked.set_up(db).await
    }

    async fn handle(
        &self,
        db: &mut PgConnection,
        event: &Recorded<AccountEvent>,
    ) -> Result<(), sqlx::Error> {
        if POISON && is_poisoned(event, 20) {
            // The database refuses it, and with it the whole transaction.
            let refused = "INSERT INTO booked VALUES ($1, NULL)";
            sqlx::query(refused).bind(event.stream.key()).execute(&mut *db).await?;
        }
        Booked.handle(db, event).await
    }
}

async fn view<const POISON: bool>(server: &BenchServer, log: &Log) -> Result<Cost, Failure> {
    let (store, models) = log.fresh().await?;
    let runner = Runner::new(store, models).view::<View0<POISON>>();
    measure(server, caught_up(runner, log.events)).await
}

async fn rows<const POISON: bool>(server: &BenchServer, log: &Log) -> Result<Cost, Failure> {
    let (store, models) = log.fresh().await?;
    let runner = Runner::new(store, models).projection(Rows::<POISON>);
    measure(server, caught_up(runner, log.events)).await
}

async fn caught_up(runner: Runner<PgConnection>, events: u64) -> Result<u64, Failure> {
    runner.run_until_caught_up().await?;
    Ok(events)
}

/// Runs both in pairs, and tells of the pair whose ratio is the median.
async fn pairs(
    workload: &str,
    poisoned: impl AsyncFn() -> Result<Cost, Failure>,
    plain: impl AsyncFn() -> Result<Cost, Failure>,
) -> Result<Row, Failure> {
    let mut pairs = Vec::new();
    for pair in 0..PAIRS {
        // Who comes first has the colder caches.
        let (with, without) = if pair % 2 == 0 {
            let with = poisoned().await?;
            (with, plain().await?)
        } else {
            let without = plain().await?;
            (poisoned().await?, without)
        };
        eprintln!("{workload}: {:.0} with and {:.0} without", with.rate(), without.rate());
        pairs.push((with, without));
    }
    pairs.sort_by(|a, b| (a.0.rate() / a.1.rate()).total_cmp(&(b.0.rate() / b.1.rate())));
    let (with, without) = &pairs[PAIRS / 2];
    Ok(with.row(workload, Some(without)))
}

/// A view.
pub(super) async fn run_view(server: &BenchServer, events: u64) -> Result<Row, Failure> {
    let log = Log::fill(server, "thousand", events).await?;
    let plain = async || view::<false>(server, &log).await;
    pairs("poison_view", async || view::<true>(server, &log).await, plain).await
}

/// A projection with a statement for each event, which takes long: a tenth of them.
pub(super) async fn run_projection(server: &BenchServer, events: u64) -> Result<Row, Failure> {
    let log = Log::fill(server, "thousand_short", (events / 10).max(40_000)).await?;
    let plain = async || rows::<false>(server, &log).await;
    pairs("poison_sql_projection", async || rows::<true>(server, &log).await, plain).await
}
