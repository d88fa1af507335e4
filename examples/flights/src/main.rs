//! An airline operations log on real data: a month of flights becomes commands,
//! an aggregate decides them, and every answer is read from what is fed from the log of events.
//!
//! Reading order: `flight` (what one flight may do), `csv_rows` and `timeline`
//! (the file, and its commands in the order of time), `storage` (where the log is),
//! `import` (the commands to it), `read_models` and `legs` (what is fed from it), then the
//! three answers, `punctuality`, `aircraft` and `board`. `verify` holds one of them against
//! the file.

mod aircraft;
mod board;
mod carriers;
mod cli;
mod csv_rows;
mod failure;
mod flight;
mod import;
mod legs;
mod punctuality;
mod read_models;
mod report;
mod storage;
mod timeline;
mod verify;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use annals::{Position, Repository};
use clap::Parser;

use cli::Args;
use csv_rows::{FileError, Row, Rows};
use failure::Failure;
use flight::Flight;
use read_models::Workers;
use storage::Storage;

/// January 2013, so that the program works anywhere.
const JANUARY: &[u8] = include_bytes!("../data/flights-2013-01.csv.gz");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("error: {}", with_sources(&failure));
            ExitCode::FAILURE
        }
    }
}

/// An error and what it comes from: each message tells its own part only.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    let (rows, bad_rows) = read(args)?;
    let storage = storage::open(&args.store, &args.schema).await?;
    let workers = Workers::start(&storage, args.workers).await?;
    let done = work(&storage, &workers, args, &rows, bad_rows).await;
    // Also after a failure, or the next run would wait for the leases to run out.
    let stopped = workers.stop().await;
    done.and(stopped)
}

/// Fills the log, and answers from its read models.
async fn work(
    storage: &Storage,
    workers: &Workers,
    args: &Args,
    rows: &[Row],
    bad_rows: usize,
) -> Result<(), Failure> {
    match storage.end().await? {
        Position::START => {
            let flights = Repository::<Flight>::new(storage.store.clone());
            let concurrent = storage.concurrent_flights;
            let totals = import::import(&flights, rows, concurrent, args.strict).await?;
            eprintln!("{}", report::totals(rows.len(), bad_rows, &totals));
        }
        end => eprintln!("{}", report::log_is_there(&args.schema, end)),
    }
    workers.caught_up().await?;
    let answer = answer(storage, args).await?;
    io::stdout().write_all(answer.as_bytes())?;
    if args.verify {
        verify(storage, rows).await?;
    }
    Ok(())
}

/// The rows of the file, and how many others were bad.
fn read(args: &Args) -> Result<(Vec<Row>, usize), Failure> {
    let path = args.file.as_deref();
    let failed = |error: FileError| Failure::File {
        path: path.unwrap_or(Path::new("the built-in file")).to_owned(),
        error,
    };
    let file = match path {
        Some(path) => Rows::open(path),
        None => Rows::read(JANUARY),
    };
    let mut rows = Vec::new();
    let mut bad_rows = 0;
    for row in file.map_err(failed)? {
        match row.map_err(failed)? {
            Ok(row) => rows.push(row),
            Err(bad) if args.strict => return Err(Failure::BadRow(bad)),
            Err(bad) => {
                eprintln!("bad row: {bad}");
                bad_rows += 1;
            }
        }
    }
    Ok((rows, bad_rows))
}

/// What was asked for, from the log and what is fed from it.
async fn answer(storage: &Storage, args: &Args) -> Result<String, Failure> {
    if let Some(tail) = &args.tail {
        let legs = aircraft::life(storage, tail).await?;
        Ok(report::aircraft(tail, &legs, args.json))
    } else if let Some(at) = args.at {
        let board = board::board(storage, at, args.board_rows).await?;
        Ok(report::board(&board, args.json))
    } else {
        let table = punctuality::table(&storage.views()).await?;
        Ok(report::punctuality(&table, args.json))
    }
}

/// Holds the log's table against the file's.
async fn verify(storage: &Storage, rows: &[Row]) -> Result<(), Failure> {
    let file = verify::table(rows);
    let log = punctuality::table(&storage.views()).await?;
    let differences = verify::differences(&file, &log);
    if !differences.is_empty() {
        return Err(Failure::Differs(differences));
    }
    eprintln!(
        "verified: the table of the log equals that of the file, {} flights of {} carriers",
        report::grouped(&rows.len()),
        log.len()
    );
    Ok(())
}
