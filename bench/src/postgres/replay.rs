//! Long reads: the whole log, and one long stream.

use std::hint::black_box;
use std::time::{Duration, Instant};

use annals::store::LogQuery;
use annals::{Aggregate, AnyStore, EventStore, Partition, Repository};
use annals_postgres::PostgresStore;
use futures::TryStreamExt;
use futures::future::BoxFuture;

use super::contest::{Contest, Side};
use super::{Baseline, Row, fill};
use crate::Failure;
use crate::account::{Account, AccountEvent};

/// The log from its beginning, every event typed.
pub(super) async fn replay(contest: &Contest<'_>) -> Result<Row, Failure> {
    let url = contest.server.url();
    let store = PostgresStore::connect(url).await?.erased();
    let baseline = Baseline::connect(url, true).await?;
    contest.compare("replay", "events/s", &Replay(store), &Replay(baseline)).await
}

/// An account of ten thousand events.
pub(super) async fn load(contest: &Contest<'_>) -> Result<Row, Failure> {
    let url = contest.server.url();
    let accounts = Repository::<Account>::new(PostgresStore::connect(url).await?);
    let baseline = Baseline::connect(url, true).await?;
    contest.compare("load_10k", "loads/s", &LoadLarge(accounts), &LoadLarge(baseline)).await
}

/// Reads until the time is over, and begins anew at the end of the log.
struct Replay<S>(S);

impl Side for Replay<AnyStore> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let (mut count, mut sum) = (0, 0);
            while Instant::now() < until {
                let mut events = self.0.read_all(LogQuery::partition(Partition::new(0)));
                while let Some(raw) = events.try_next().await? {
                    let recorded = black_box(raw.decode::<AccountEvent>()?);
                    sum += cents(&recorded.event);
                    count += 1;
                    if count % 1_000 == 0 && Instant::now() >= until {
                        break;
                    }
                }
            }
            black_box(sum);
            Ok(count)
        })
    }
}

impl Side for Replay<Baseline> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let (mut count, mut sum, mut after) = (0, 0, 0);
            while Instant::now() < until {
                let page = self.0.page(after).await?;
                after = page.last().map_or(0, |last| last.position);
                for replayed in page {
                    sum += cents(&replayed.event);
                    black_box((replayed.stream, replayed.version));
                    count += 1;
                }
            }
            black_box(sum);
            Ok(count)
        })
    }
}

fn cents(event: &AccountEvent) -> u64 {
    match event {
        AccountEvent::Deposited(transfer) | AccountEvent::Withdrawn(transfer) => transfer.cents,
    }
}

struct LoadLarge<S>(S);

impl Side for LoadLarge<Repository<Account>> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let mut count = 0;
            while Instant::now() < until {
                black_box(self.0.load(&fill::LARGE).await?.state.cents);
                count += 1;
            }
            Ok(count)
        })
    }
}

impl Side for LoadLarge<Baseline> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let stream = format!("{}-{}", Account::CATEGORY, fill::LARGE);
            let mut count = 0;
            while Instant::now() < until {
                black_box(self.0.load(&stream).await?.1.cents);
                count += 1;
            }
            Ok(count)
        })
    }
}
