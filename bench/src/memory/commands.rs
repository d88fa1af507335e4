//! Commands and loads through a repository: accounts of ten events.

use std::time::Duration;

use annals::{Repository, SnapshotPolicy};
use annals_memory::MemoryStore;

use crate::Failure;
use crate::account::{Account, Deposit, deposited};
use crate::measure::{Figure, Stopwatch};

const ACCOUNTS: u64 = 10_000;

pub(crate) async fn run(time: Duration) -> Result<Vec<Figure>, Failure> {
    let store = filled().await?;
    let plain = Repository::<Account>::new(store.clone());
    let snapshots = plain.clone().snapshots(store, SnapshotPolicy::every(10));
    let cached = plain.clone().cache(usize::try_from(2 * ACCOUNTS)?);
    let mut figures = loads(time, &plain).await?;
    figures.push(execute("commands_1", time, &plain, 1).await?);
    figures.push(execute("commands_64", time, &plain, 64).await?);
    figures.push(execute("commands_64_snapshots", time, &snapshots, 64).await?);
    figures.push(execute("commands_1_cached", time, &cached, 1).await?);
    figures.push(execute("commands_64_cached", time, &cached, 64).await?);
    Ok(figures)
}

async fn filled() -> Result<MemoryStore, Failure> {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(store.clone());
    for id in 0..ACCOUNTS {
        accounts.update(&id, |_| vec![deposited(1); 10]).await?;
    }
    for _ in 0..10 {
        accounts.update(&ACCOUNTS, |_| vec![deposited(1); 1_000]).await?;
    }
    Ok(store)
}

async fn loads(time: Duration, accounts: &Repository<Account>) -> Result<Vec<Figure>, Failure> {
    let (watch, mut count) = (Stopwatch::start(), 0);
    while watch.passed() < time {
        accounts.load(&(count % ACCOUNTS)).await?;
        count += 1;
    }
    let ten = watch.stop("load_10", count);
    let (watch, mut count) = (Stopwatch::start(), 0);
    while watch.passed() < time {
        accounts.load(&ACCOUNTS).await?;
        count += 1;
    }
    Ok(vec![ten, watch.stop("load_10k", count)])
}

async fn execute(
    workload: &'static str,
    time: Duration,
    accounts: &Repository<Account>,
    tasks: u64,
) -> Result<Figure, Failure> {
    let watch = Stopwatch::start();
    let tasks: Vec<_> =
        (0..tasks).map(|task| tokio::spawn(run_one(accounts.clone(), task, time))).collect();
    let mut done = 0;
    for task in tasks {
        done += task.await?;
    }
    Ok(watch.stop(workload, done))
}

async fn run_one(accounts: Repository<Account>, task: u64, time: Duration) -> u64 {
    let (watch, mut done) = (Stopwatch::start(), 0);
    let mut id = task;
    while watch.passed() < time {
        // A prime step visits every account before it returns to the first.
        id = (id + 7_919) % ACCOUNTS;
        done += u64::from(accounts.execute(&id, Deposit { cents: 1 }).await.is_ok());
    }
    done
}
