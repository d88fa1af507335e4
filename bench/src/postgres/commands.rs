//! Commands on accounts of ten events: load, decide, append one event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use annals::{ExecuteError, Repository};
use annals_postgres::PostgresStore;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::contest::{Contest, Side, row};
use super::{Baseline, Row, fill, hot};
use crate::Failure;
use crate::account::{Account, Withdraw};

/// Which account the next command is for.
pub(super) struct Walk {
    next: AtomicU64,
    first: u64,
    accounts: u64,
    /// How many commands in a row are for the same account.
    each: u64,
}

impl Walk {
    /// From one account to the next, so that all keep to about ten events.
    pub(super) fn over(first: u64, accounts: u64, each: u64) -> Arc<Self> {
        Arc::new(Self { next: AtomicU64::new(0), first, accounts, each })
    }

    pub(super) fn accounts(&self) -> u64 {
        self.accounts
    }

    pub(super) fn next(&self) -> u64 {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        self.first + nth / self.each % self.accounts
    }
}

/// Somebody who carries out commands.
pub(super) trait Worker: Clone + Send + Sync + 'static {
    fn command(&self, account: u64) -> impl Future<Output = Result<(), Failure>> + Send;
}

impl Worker for Repository<Account> {
    async fn command(&self, account: u64) -> Result<(), Failure> {
        loop {
            match self.execute(&account, Withdraw { cents: 1 }).await {
                Ok(_) => return Ok(()),
                // It has given up after some tries; the baseline never does.
                Err(ExecuteError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Worker for Baseline {
    async fn command(&self, account: u64) -> Result<(), Failure> {
        Baseline::command(self, account, Withdraw { cents: 1 }).await
    }
}

/// Concurrent tasks that share a walk.
pub(super) struct Crowd<W> {
    pub(super) worker: W,
    pub(super) walk: Arc<Walk>,
    pub(super) tasks: usize,
}

impl<W: Worker> Side for Crowd<W> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let one = |_| tokio::spawn(work(self.worker.clone(), self.walk.clone(), until));
            let tasks: Vec<_> = (0..self.tasks).map(one).collect();
            let mut done = 0;
            for task in tasks {
                done += task.await??;
            }
            Ok(done)
        })
    }
}

async fn work(worker: impl Worker, walk: Arc<Walk>, until: Instant) -> Result<u64, Failure> {
    let mut done = 0;
    while Instant::now() < until {
        worker.command(walk.next()).await?;
        done += 1;
    }
    Ok(done)
}

/// Those who take part, each with its place on the walk.
pub(super) struct Sides {
    pub(super) plain: Repository<Account>,
    pub(super) cached: Repository<Account>,
    pub(super) baseline: Baseline,
    pub(super) pingless: Baseline,
    annals_walk: Arc<Walk>,
    baseline_walk: Arc<Walk>,
}

impl Sides {
    async fn connect(url: &str) -> Result<Self, Failure> {
        let plain = Repository::<Account>::new(PostgresStore::connect(url).await?);
        let walk = || Walk::over(0, fill::ACCOUNTS - hot::ACCOUNTS, 1);
        Ok(Self {
            cached: plain.clone().cache(usize::try_from(2 * fill::ACCOUNTS)?),
            plain,
            baseline: Baseline::connect(url, true).await?,
            pingless: Baseline::connect(url, false).await?,
            annals_walk: walk(),
            baseline_walk: walk(),
        })
    }
}

/// Everything about commands: with and without the cache, by many and by one.
pub(super) async fn run(
    contest: &Contest<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Row>, Failure> {
    let sides = Sides::connect(contest.server.url()).await?;
    let mut rows = Vec::new();
    for (workload, tasks) in [("commands_64", 64), ("commands_1", 1)] {
        if wanted(workload) {
            rows.extend(compare(contest, workload, &sides, &sides.plain, tasks).await?);
        }
    }
    let cached = ["commands_64_cached", "commands_1_cached"];
    if cached.into_iter().any(&wanted) || wanted("hot_16") {
        eprintln!("warming the cache");
        warm(&sides.cached).await?;
    }
    for (workload, tasks) in cached.into_iter().zip([64, 1]) {
        if wanted(workload) {
            rows.extend(compare(contest, workload, &sides, &sides.cached, tasks).await?);
        }
    }
    if wanted("hot_16") {
        rows.extend(hot::run(contest, &sides).await?);
    }
    Ok(rows)
}

/// Puts every account into the cache.
async fn warm(accounts: &Repository<Account>) -> Result<(), Failure> {
    let load = |id| async move { accounts.load(&id).await.map(drop) };
    stream::iter((0..fill::ACCOUNTS).map(load)).buffer_unordered(256).try_collect::<()>().await?;
    Ok(())
}

async fn compare(
    contest: &Contest<'_>,
    workload: &str,
    sides: &Sides,
    accounts: &Repository<Account>,
    tasks: usize,
) -> Result<[Row; 2], Failure> {
    let annals = Crowd { worker: accounts.clone(), walk: sides.annals_walk.clone(), tasks };
    let by_hand = |worker: &Baseline| Crowd {
        worker: worker.clone(),
        walk: sides.baseline_walk.clone(),
        tasks,
    };
    beside_both(contest, workload, &annals, &by_hand(&sides.baseline), &by_hand(&sides.pingless))
        .await
}

/// Beside the baseline as it is by default, and without the pool's ping.
pub(super) async fn beside_both(
    contest: &Contest<'_>,
    workload: &str,
    annals: &dyn Side,
    baseline: &dyn Side,
    pingless: &dyn Side,
) -> Result<[Row; 2], Failure> {
    let [annals, baseline, pingless] = contest.run([annals, baseline, pingless]).await?;
    let without = format!("{workload} (baseline without ping)");
    let unit = "commands/s";
    Ok([row(workload, unit, annals, baseline), row(&without, unit, annals, pingless)])
}
