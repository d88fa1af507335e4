//! An order service on annals: commands by REST, a live page, a payment service that
//! fails, traces, load, and the proof that nothing is sold twice.
//!
//! Reading order: `order`, `stock`, `payment`, `shipment` (what is decided), `views` (what
//! is read), `http` (how both are asked for), `payment_service` (the outside world),
//! `steps` (what an order goes through), `fulfilment` (in which order), `server` (the whole), `load` and `check` (the
//! proof).

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod board;
mod check;
mod cli;
mod event;
mod failure;
mod fulfilment;
mod http;
mod ids;
mod load;
mod order;
mod payment;
mod payment_service;
mod serve;
mod server;
mod shipment;
mod shop;
mod steps;
mod stock;
mod storage;
mod telemetry;
mod views;
mod work;

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::Failure;
use payment_service::{Behaviour, PaymentClient};
use serve::Serving;
use server::Server;
use storage::Storage;
use telemetry::Telemetry;
use work::Work;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
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

async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(args).await,
        Command::Work(args) => work(&args).await,
        Command::Payments(args) => payments(args).await,
        Command::Load(args) => load::run(&args).await,
        Command::Check(args) => {
            let storage = Storage::open(Some(&args.database)).await?;
            // Whoever was closed last may have left the views a little behind.
            views::feed(storage.runner()).run_until_caught_up().await?;
            check::tell(&storage, &PaymentClient::new(&args.payments)).await
        }
    }
}

async fn serve(args: cli::Serve) -> Result<(), Failure> {
    let telemetry = Telemetry::start(args.traces.otlp.as_deref())?;
    let storage = Storage::open(args.database.as_deref()).await?;
    let payments = Payments::at(args.payments.as_deref()).await?;
    let server = Server::start(&storage, args.listen, &telemetry).await?;
    let work = match args.no_work {
        true => None,
        false => Some(Work::start(&storage, payments.client.clone()).await?),
    };
    work.iter().for_each(|work| server.show(work));
    println!("the shop is open: {}", server.url());
    told_to_end().await?;
    server.stop().await?;
    if let Some(work) = work {
        work.stop().await?;
    }
    payments.stop().await?;
    telemetry.stop();
    Ok(())
}

/// The payment service of a shop: the one that is named, or else one of this process, which
/// does not fail.
struct Payments {
    client: PaymentClient,
    own: Option<Serving>,
}

impl Payments {
    async fn at(url: Option<&str>) -> Result<Self, Failure> {
        if let Some(url) = url {
            return Ok(Self { client: PaymentClient::new(url), own: None });
        }
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let serving = Serving::start(address, payment_service::routes(Behaviour::default())).await;
        let serving = serving.map_err(|error| Failure::Listen { address, error })?;
        Ok(Self { client: PaymentClient::new(&serving.url()), own: Some(serving) })
    }

    async fn stop(self) -> Result<(), Failure> {
        match self.own {
            Some(serving) => serving.stop().await,
            None => Ok(()),
        }
    }
}

async fn work(args: &cli::Work) -> Result<(), Failure> {
    let telemetry = Telemetry::start(args.traces.otlp.as_deref())?;
    let storage = Storage::open(Some(&args.database)).await?;
    let work = Work::start(&storage, PaymentClient::new(&args.payments)).await?;
    println!("a worker of the shop is at work");
    told_to_end().await?;
    work.stop().await?;
    telemetry.stop();
    Ok(())
}

async fn payments(args: cli::Payments) -> Result<(), Failure> {
    let telemetry = Telemetry::start(args.traces.otlp.as_deref())?;
    let address = (Ipv4Addr::LOCALHOST, args.port).into();
    let serving = Serving::start(address, payment_service::routes(args.behaviour)).await;
    let serving = serving.map_err(|error| Failure::Listen { address, error })?;
    println!("the payment service: {}", serving.url());
    told_to_end().await?;
    serving.stop().await?;
    telemetry.stop();
    Ok(())
}

/// Waits for Ctrl-C, or for what an orchestrator of processes sends.
async fn told_to_end() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signal)?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told.map_err(Failure::Signal),
        _ = terminate.recv() => Ok(()),
    }
}
