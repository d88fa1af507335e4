//! A process of its own that feeds a view.

use std::process::Stdio;

use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::Runner;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::fill::Log;
use super::models::Balance;
use crate::Failure;
use crate::postgres::Row;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    url: String,
    #[arg(long)]
    schema: String,
    #[arg(long)]
    models: String,
    /// Follows until its input ends; else it ends when it has caught up.
    #[arg(long)]
    follow: bool,
}

/// Feeds the view; returns the most memory that this took, in MiB.
pub(crate) async fn run(args: &Args) -> Result<f64, Failure> {
    let store = PostgresStore::builder(&args.url).schema(&args.schema).connect().await?;
    let models = PostgresReadModels::builder(&args.url).schema(&args.models).connect().await?;
    let runner = Runner::new(store, models).view::<Balance>();
    if args.follow {
        let input_ends = async {
            let mut rest = Vec::new();
            drop(tokio::io::stdin().read_to_end(&mut rest).await);
        };
        runner.run_until(input_ends).await?;
    } else {
        runner.run_until_caught_up().await?;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.unwrap_or("0 kB").trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Starts such a process.
pub(super) fn start(log: &Log, models: &str, follow: bool) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["projection-worker", "--url", &log.url, "--schema", log.schema]);
    command.args(["--models", models]);
    if follow {
        command.arg("--follow");
    }
    Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?)
}

/// The memory of a process that feeds a view from nothing.
pub(super) async fn memory(log: &Log) -> Result<Row, Failure> {
    let models = format!("memory_{}", log.schema);
    PostgresReadModels::builder(&log.url).schema(&models).migrate().await?;
    let output = start(log, &models, false)?.wait_with_output().await?;
    let annals: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    eprintln!("view_memory_{}: {annals:.0} MiB", log.schema);
    Ok(Row::alone(&format!("view_memory_{}", log.schema), annals, "MiB"))
}
