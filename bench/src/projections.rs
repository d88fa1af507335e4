//! Read models in PostgreSQL beside the loop that is usually written by hand, on one
//! throw-away server.

mod fill;
mod freshness;
mod hand;
mod models;
mod poison;
mod worker;

use std::time::{Duration, Instant};

use annals_postgres::{PostgresReadModels, PostgresStore};
use annals_projections::{Operations, Runner};
use cpu_time::ProcessTime;

use crate::Failure;
use crate::postgres::{BenchServer, Row};
use fill::Log;
use models::{Balance, Balance2, Booked, with_ten};
pub(crate) use worker::{Args as WorkerArgs, run as work};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs this workload only; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = WORKLOADS)]
    only: Vec<String>,
    /// How many events the logs have.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

const WORKLOADS: [&str; 9] = [
    "view",
    "sql_projection",
    "ten_views",
    "freshness",
    "rebuild",
    "view_memory",
    "poison",
    "poison_view",
    "poison_sql_projection",
];

/// What a side has cost.
struct Cost {
    events: u64,
    wall: f64,
    client: f64,
    server: Option<f64>,
}

/// Measures a piece of work that says how many events it was about.
async fn measure(
    server: &BenchServer,
    work: impl Future<Output = Result<u64, Failure>>,
) -> Result<Cost, Failure> {
    let (before, client, wall) = (server.cpu(), ProcessTime::now(), Instant::now());
    let events = work.await?;
    Ok(Cost {
        events,
        wall: wall.elapsed().as_secs_f64(),
        client: client.elapsed().as_secs_f64(),
        server: server.cpu().zip(before).map(|(after, before)| after - before),
    })
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn events(&self) -> f64 {
        self.events as f64
    }

    fn rate(&self) -> f64 {
        self.events() / self.wall
    }

    fn cpu_us(&self) -> (Option<f64>, Option<f64>) {
        let each = 1e6 / self.events();
        (Some(self.client * each), self.server.map(|server| server * each))
    }

    fn row(&self, workload: &str, baseline: Option<&Cost>) -> Row {
        let cpu = self.cpu_us();
        Row {
            workload: workload.to_owned(),
            annals: self.rate(),
            baseline: baseline.map(Cost::rate),
            ratio: baseline.map(|baseline| self.rate() / baseline.rate()),
            unit: "events/s",
            cpu_us_client: cpu.0,
            cpu_us_server: cpu.1,
            baseline_cpu_us: baseline.map_or((None, None), Cost::cpu_us),
        }
    }
}

pub(crate) async fn run(args: &Args, time: Duration) -> Result<Vec<Row>, Failure> {
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let server = BenchServer::start().await?;
    eprintln!("filling two logs with {} events each", args.events);
    let zipf = Log::fill(&server, "zipf", args.events).await?;
    let uniform = Log::fill(&server, "uniform", args.events).await?;
    let mut rows = Vec::new();
    let hand = if wanted("view") || wanted("sql_projection") {
        Some(measure(&server, hand::run(&zipf, time)).await?)
    } else {
        None
    };
    if wanted("view") || wanted("ten_views") {
        let one = measure(&server, view(&zipf)).await?;
        let mut say = |row: Row| {
            eprintln!("{}: {:.0} {} ({:?})", row.workload, row.annals, row.unit, row.ratio);
            rows.push(row);
        };
        say(one.row("view", hand.as_ref()));
        if wanted("ten_views") {
            let ten = measure(&server, ten_views(&zipf)).await?;
            let (unit, workload) = ("s", "ten_views".to_owned());
            let (annals, baseline, cpu) = (ten.wall, Some(one.wall), ten.cpu_us());
            let ratio = Some(ten.wall / one.wall);
            let (cpu_us_client, cpu_us_server) = cpu;
            let baseline_cpu_us = one.cpu_us();
            say(Row {
                workload,
                annals,
                baseline,
                ratio,
                unit,
                cpu_us_client,
                cpu_us_server,
                baseline_cpu_us,
            });
        }
        if wanted("view") {
            say(measure(&server, view(&uniform)).await?.row("view_uniform", hand.as_ref()));
        }
    }
    if wanted("sql_projection") {
        let annals = measure(&server, sql_projection(&zipf, time)).await?;
        rows.push(annals.row("sql_projection", hand.as_ref()));
    }
    if wanted("rebuild") {
        let (store, models) = zipf.fresh().await?;
        Runner::new(store.clone(), models.clone()).view::<Balance>().run_until_caught_up().await?;
        let second = measure(&server, rebuild(&zipf, store, models)).await?;
        rows.push(second.row("rebuild", None));
    }
    if wanted("freshness") {
        rows.extend(freshness::run(&server).await?);
    }
    if wanted("poison") || wanted("poison_view") {
        rows.push(poison::run_view(&server, args.events).await?);
    }
    if wanted("poison") || wanted("poison_sql_projection") {
        rows.push(poison::run_projection(&server, args.events).await?);
    }
    if wanted("view_memory") {
        for log in [&zipf, &uniform] {
            rows.push(worker::memory(log).await?);
        }
    }
    Ok(rows)
}

/// One view, from nothing to the end of the log.
async fn view(log: &Log) -> Result<u64, Failure> {
    let (store, models) = log.fresh().await?;
    Runner::new(store, models).view::<Balance>().run_until_caught_up().await?;
    Ok(log.events)
}

async fn ten_views(log: &Log) -> Result<u64, Failure> {
    let (store, models) = log.fresh().await?;
    with_ten(Runner::new(store, models)).run_until_caught_up().await?;
    Ok(log.events)
}

/// A second version beside the first, and the switch.
async fn rebuild(
    log: &Log,
    store: PostgresStore,
    models: PostgresReadModels,
) -> Result<u64, Failure> {
    Runner::new(store.clone(), models.clone()).view::<Balance2>().run_until_caught_up().await?;
    Operations::new(store, models).switch("balances", 2).await?;
    Ok(log.events)
}

/// A projection with a statement for each event, as far as it comes.
async fn sql_projection(log: &Log, time: Duration) -> Result<u64, Failure> {
    let (store, models) = log.fresh().await?;
    let operations = Operations::new(store.clone(), models.clone());
    let running = Runner::new(store, models).projection(Booked).start().await?;
    tokio::time::sleep(time).await;
    running.stop().await?;
    Ok(operations.progress("booked", 1).await?.done)
}
