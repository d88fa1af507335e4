//! Benchmarks of annals: `cargo run --release -p annals-bench -- memory`, and
//! `-- postgres`, `-- projections` or `-- processes`, which start a throw-away server of their own.
//!
//! They are not tests: nothing here asserts on time. Machines are noisy; compare
//! figures of one run with each other, and trust the CPU per operation before
//! the operations per second.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod account;
mod measure;
mod memory;
mod postgres;
mod processes;
mod projections;
mod report;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Whatever ends a benchmark early: a person reads it.
type Failure = Box<dyn Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(about = "Benchmarks of annals")]
struct Cli {
    #[command(subcommand)]
    suite: Suite,
    /// How long each workload runs; of two sides each.
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// Also writes the figures here, one JSON object a line.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Decide, fold, append, load and commands on the memory store.
    Memory,
    /// The PostgreSQL store beside hand-written sqlx, on a throw-away server.
    Postgres(postgres::Args),
    /// Read models beside a hand-written loop, on a throw-away server.
    Projections(projections::Args),
    /// Process managers, on a throw-away server.
    Processes(processes::Args),
    /// One of the processes that `projections` starts.
    #[command(hide = true)]
    ProjectionWorker(projections::WorkerArgs),
    /// One of the processes that `postgres --sizing` starts.
    #[command(hide = true)]
    SizingWriter(postgres::WriterArgs),
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cli = Cli::parse();
    let time = Duration::try_from_secs_f64(cli.seconds)?;
    let (table, lines) = match &cli.suite {
        Suite::Memory => {
            let figures = memory::run(time).await?;
            (report::table(&figures), report::json_lines(&figures)?)
        }
        Suite::Postgres(args) => {
            let rows = postgres::run(args, time).await?;
            (report::comparison(&rows), report::json_lines(&rows)?)
        }
        Suite::Projections(args) => {
            let rows = projections::run(args, time).await?;
            (report::comparison(&rows), report::json_lines(&rows)?)
        }
        Suite::Processes(args) => {
            let rows = processes::run(args).await?;
            (report::comparison(&rows), report::json_lines(&rows)?)
        }
        Suite::ProjectionWorker(args) => {
            println!("{}", projections::work(args).await?);
            return Ok(());
        }
        Suite::SizingWriter(args) => {
            println!("{}", postgres::write(args, time).await?);
            return Ok(());
        }
    };
    println!("{table}");
    if let Some(path) = cli.json {
        std::fs::write(path, lines)?;
    }
    Ok(())
}
