//! The PostgreSQL store beside hand-written sqlx, on one throw-away server.
//!
//! Both sides keep the same events in tables of the same shape. They run in turn,
//! slice by slice, so that what else the machine does falls on both.

mod baseline;
mod commands;
mod contest;
mod fill;
mod growth;
mod hot;
mod replay;
mod server;
mod sizing;

use std::time::Duration;

use serde::Serialize;

use crate::Failure;
use baseline::Baseline;
use contest::Contest;
pub(crate) use server::BenchServer;
pub(crate) use sizing::{WriterArgs, write};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs this workload only; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = WORKLOADS)]
    only: Vec<String>,
    /// Instead measures 1, 4 and 16 processes on 1 and 8 partitions.
    #[arg(long, conflicts_with = "only")]
    sizing: bool,
}

/// One line of the result.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) annals: f64,
    pub(crate) baseline: Option<f64>,
    /// Of annals to the baseline.
    pub(crate) ratio: Option<f64>,
    pub(crate) unit: &'static str,
    /// Microseconds of CPU for one operation of annals, in this process ...
    pub(crate) cpu_us_client: Option<f64>,
    /// ... and in all processes of the server; none where they cannot be asked.
    pub(crate) cpu_us_server: Option<f64>,
    /// The same of the baseline, for people.
    #[serde(skip)]
    pub(crate) baseline_cpu_us: (Option<f64>, Option<f64>),
}

impl Row {
    /// A figure that is compared with nothing.
    pub(crate) fn alone(workload: &str, annals: f64, unit: &'static str) -> Self {
        Self {
            workload: workload.to_owned(),
            annals,
            baseline: None,
            ratio: None,
            unit,
            cpu_us_client: None,
            cpu_us_server: None,
            baseline_cpu_us: (None, None),
        }
    }
}

const WORKLOADS: [&str; 9] = [
    "commands_64",
    "commands_1",
    "commands_64_cached",
    "commands_1_cached",
    "hot_16",
    "replay",
    "load_10k",
    "growth_append",
    "growth_load",
];

pub(crate) async fn run(args: &Args, time: Duration) -> Result<Vec<Row>, Failure> {
    if args.sizing {
        return sizing::run(time).await;
    }
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let server = BenchServer::start().await?;
    let contest = Contest { server: &server, time };
    let mut rows = Vec::new();
    if WORKLOADS[..7].iter().any(|name| wanted(name)) {
        eprintln!("filling both tables with {} accounts of ten events", fill::ACCOUNTS);
        fill::both(server.url()).await?;
        rows.extend(commands::run(&contest, wanted).await?);
        if wanted("replay") {
            rows.push(replay::replay(&contest).await?);
        }
        if wanted("load_10k") {
            rows.push(replay::load(&contest).await?);
        }
    }
    if wanted("growth_append") || wanted("growth_load") {
        rows.extend(growth::run(&contest, wanted).await?);
    }
    Ok(rows)
}
