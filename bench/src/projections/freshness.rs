//! How soon a query sees a command, when the system is idle: from the return of the
//! command until the query, with the worker in another process.

use std::time::{Duration, Instant};

use annals::Repository;
use annals_projections::Views;

use super::fill::Log;
use super::models::Balance;
use super::worker;
use crate::Failure;
use crate::account::{Account, Deposit};
use crate::postgres::{BenchServer, Row};

const COMMANDS: u64 = 500;

pub(super) async fn run(server: &BenchServer) -> Result<Vec<Row>, Failure> {
    let log = Log::fill(server, "fresh", 1_000).await?;
    let models = "models_fresh";
    annals_postgres::PostgresReadModels::builder(&log.url).schema(models).migrate().await?;
    let mut worker = worker::start(&log, models, true)?;
    let accounts = Repository::<Account>::new(log.store().await?);
    let views = Views::new(log.models(models).await?);
    let mut times = Vec::new();
    for n in 0..COMMANDS {
        let account = 1_000_000 + n;
        let done = accounts.execute(&account, Deposit { cents: 1 }).await?;
        let returned = Instant::now();
        let seen = loop {
            let query = views.get::<Balance>(&account.to_string()).at_least(&done.token);
            // It may not have been declared yet.
            match query.within(Duration::from_secs(10)).await {
                Err(_) if n == 0 => tokio::time::sleep(Duration::from_millis(50)).await,
                seen => break seen?,
            }
        };
        assert!(seen.is_some(), "it does not see its own write");
        if n >= 20 {
            times.push(returned.elapsed().as_secs_f64() * 1e3);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(worker.stdin.take());
    worker.wait().await?;
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    let (p50, p99) = (at(50), at(99));
    eprintln!("freshness: p50 {p50:.2} ms, p99 {p99:.2} ms");
    Ok(vec![Row::alone("freshness_p50", p50, "ms"), Row::alone("freshness_p99", p99, "ms")])
}
