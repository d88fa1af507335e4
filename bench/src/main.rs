//! Benchmarks of annals: `cargo run --release -p annals-bench -- memory`.
//!
//! They are not tests: nothing here asserts on time. Machines are noisy; compare
//! figures of one run with each other, and trust the CPU per operation before
//! the operations per second.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod account;
mod measure;
mod memory;
mod report;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Benchmarks of annals")]
struct Cli {
    #[command(subcommand)]
    suite: Suite,
    /// How long each workload runs.
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// Also writes the figures here, one JSON object a line.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Suite {
    /// Decide, fold, append, load and commands on the memory store.
    Memory,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let time = Duration::try_from_secs_f64(cli.seconds)?;
    let figures = match cli.suite {
        Suite::Memory => memory::run(time).await?,
    };
    println!("{}", report::table(&figures));
    if let Some(path) = cli.json {
        std::fs::write(path, report::json_lines(&figures)?)?;
    }
    Ok(())
}
