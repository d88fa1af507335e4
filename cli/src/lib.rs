#![doc = include_str!("../README.md")]

mod args;
mod audit;
mod connect;
mod exit;
mod export;
mod failure;
mod import;
mod interrupt;
mod letters;
mod lines;
mod output;
mod processes;
mod progress;
mod publishers;
mod rebuild;
mod redact;
mod status;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Exit;
use failure::Failure;
use interrupt::Interrupt;
use output::Output;

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return output::not_understood(&error).into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let output = Output::new(args.json);
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(args.command, &args.place, output)),
        Err(error) => Err(Failure::Runtime(error)),
    };
    ended.unwrap_or_else(|failure| output.failed(&failure)).into()
}

async fn run(command: Command, place: &args::Place, output: Output) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen();
    match command {
        Command::Status(args) => status::run(&args, place, output, &interrupt).await,
        Command::Audit(args) => interrupt.unless(audit::run(&args, place, output)).await,
        Command::Rebuild(args) => Box::pin(rebuild::run(&args, place, output, &interrupt)).await,
        Command::DeadLetters(args) => interrupt.unless(letters::run(&args, place, output)).await,
        Command::Processes(args) => interrupt.unless(processes::run(&args, place, output)).await,
        Command::Publishers(args) => interrupt.unless(publishers::run(&args, place, output)).await,
        Command::Export(args) => export::run(&args, place, output, &interrupt).await,
        Command::Import(args) => import::run(&args, place, output, &interrupt).await,
    }
}
