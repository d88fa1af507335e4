//! Process managers on PostgreSQL, on one throw-away server.

mod domain;
mod steps;
mod timers;

use std::time::Instant;

use annals_postgres::{PostgresReadModels, PostgresStore};
use cpu_time::ProcessTime;

use crate::Failure;
use crate::postgres::{BenchServer, Row};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs this workload only; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = WORKLOADS)]
    only: Vec<String>,
    /// How many instances take their steps.
    #[arg(long, default_value_t = 10_000)]
    instances: u64,
    /// How many timers are pending beside those that are measured.
    #[arg(long, default_value_t = 1_000_000)]
    pending: u64,
}

const WORKLOADS: [&str; 2] = ["steps", "timers"];

pub(crate) async fn run(args: &Args) -> Result<Vec<Row>, Failure> {
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let server = BenchServer::start().await?;
    let mut rows = Vec::new();
    if wanted("steps") {
        rows.push(steps::run(&server, args.instances).await?);
    }
    if wanted("timers") {
        rows.extend(timers::run(&server, args.pending).await?);
    }
    for row in &rows {
        eprintln!("{}: {:.1} {} ({:?})", row.workload, row.annals, row.unit, row.ratio);
    }
    Ok(rows)
}

/// An empty log and an empty store of read models.
struct Place {
    url: String,
    schema: &'static str,
}

impl Place {
    async fn new(server: &BenchServer, schema: &'static str) -> Result<Self, Failure> {
        let url = server.url().to_owned();
        PostgresStore::builder(&url).schema(schema).migrate().await?;
        let place = Self { url, schema };
        PostgresReadModels::builder(&place.url).schema(&place.models_schema()).migrate().await?;
        Ok(place)
    }

    fn models_schema(&self) -> String {
        format!("{}_models", self.schema)
    }

    async fn log(&self) -> Result<PostgresStore, Failure> {
        Ok(PostgresStore::builder(&self.url).schema(self.schema).connect().await?)
    }

    async fn models(&self) -> Result<PostgresReadModels, Failure> {
        let schema = self.models_schema();
        Ok(PostgresReadModels::builder(&self.url).schema(&schema).connect().await?)
    }
}

/// Measures work of so many operations.
async fn measure(
    server: &BenchServer,
    workload: &str,
    work: impl Future<Output = Result<u64, Failure>>,
) -> Result<Row, Failure> {
    let (before, client, wall) = (server.cpu(), ProcessTime::now(), Instant::now());
    let operations = work.await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let operations = operations as f64;
    let each = 1e6 / operations;
    let spent = server.cpu().zip(before).map(|(after, before)| (after - before) * each);
    let mut row = Row::alone(workload, operations / wall.elapsed().as_secs_f64(), "steps/s");
    row.cpu_us_client = Some(client.elapsed().as_secs_f64() * each);
    row.cpu_us_server = spent;
    Ok(row)
}
