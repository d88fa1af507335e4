//! Several sides of one workload, in turn.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use futures::future::BoxFuture;

use super::Row;
use super::server::BenchServer;
use crate::Failure;

/// How many slices each side gets.
const SLICES: u32 = 3;

/// One way to do the work.
pub(super) trait Side: Sync {
    /// Works for about so long; returns how many operations were done.
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>>;
}

pub(super) struct Contest<'a> {
    pub(super) server: &'a BenchServer,
    /// How long each side works, all its slices together.
    pub(super) time: Duration,
}

/// What one side has done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// Operations per second, the median of the slices.
    pub(super) rate: f64,
    /// Microseconds of CPU for one operation, over all slices.
    pub(super) client_us: f64,
    pub(super) server_us: Option<f64>,
}

#[derive(Default)]
struct Tally {
    rates: Vec<f64>,
    operations: f64,
    client: f64,
    server: Option<f64>,
}

impl Contest<'_> {
    /// Warms every side up for a moment, then lets them work in turn: A B A B A B.
    pub(super) async fn run<const N: usize>(
        &self,
        sides: [&dyn Side; N],
    ) -> Result<[Score; N], Failure> {
        let mut tallies: [Tally; N] = std::array::from_fn(|_| Tally::default());
        for side in sides {
            side.slice(self.time / (2 * SLICES)).await?;
        }
        for _ in 0..SLICES {
            for (side, tally) in sides.into_iter().zip(&mut tallies) {
                self.slice(side, tally).await?;
            }
        }
        Ok(tallies.map(Tally::score))
    }

    /// The usual contest of two, in operations per second.
    pub(super) async fn compare(
        &self,
        workload: &str,
        unit: &'static str,
        annals: &dyn Side,
        baseline: &dyn Side,
    ) -> Result<Row, Failure> {
        let [annals, baseline] = self.run([annals, baseline]).await?;
        Ok(row(workload, unit, annals, baseline))
    }

    async fn slice(&self, side: &dyn Side, tally: &mut Tally) -> Result<(), Failure> {
        let (server, client, wall) = (self.server.cpu(), ProcessTime::now(), Instant::now());
        let done = side.slice(self.time / SLICES).await?;
        let (wall, client) = (wall.elapsed().as_secs_f64(), client.elapsed().as_secs_f64());
        let used = self.server.cpu().zip(server).map(|(after, before)| after - before);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let done = done as f64;
        tally.rates.push(done / wall);
        tally.operations += done;
        tally.client += client;
        tally.server = used.map(|used| used + tally.server.unwrap_or(0.0));
        Ok(())
    }
}

impl Tally {
    fn score(mut self) -> Score {
        self.rates.sort_by(f64::total_cmp);
        let each = 1e6 / self.operations.max(1.0);
        Score {
            rate: self.rates[self.rates.len() / 2],
            client_us: self.client * each,
            server_us: self.server.map(|server| server * each),
        }
    }
}

pub(super) fn row(workload: &str, unit: &'static str, annals: Score, baseline: Score) -> Row {
    // A long run is followed, and what it has found is not lost if it breaks off.
    eprintln!("{workload}: {:.0} beside {:.0} {unit}", annals.rate, baseline.rate);
    Row {
        workload: workload.to_owned(),
        annals: annals.rate,
        baseline: Some(baseline.rate),
        ratio: Some(annals.rate / baseline.rate),
        unit,
        cpu_us_client: Some(annals.client_us),
        cpu_us_server: annals.server_us,
        baseline_cpu_us: (Some(baseline.client_us), baseline.server_us),
    }
}
