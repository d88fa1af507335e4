//! Whether a log becomes slower as it grows: annals against itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals::store::{Append, NewEvent};
use annals::{Aggregate, Codec, EventStore, ExpectedVersion, Repository, StreamId};
use annals_postgres::PostgresStore;
use futures::future::BoxFuture;

use super::commands::Walk;
use super::contest::{Contest, Side, row};
use super::{Row, fill};
use crate::Failure;
use crate::account::{Account, deposited};

const LARGE: (&str, u64) = ("large", 5_000_000);
const SMALL: (&str, u64) = ("small", 100_000);

pub(super) async fn run(
    contest: &Contest<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Row>, Failure> {
    eprintln!("filling two logs, with {} and {} events", SMALL.1, LARGE.1);
    let small = Log::filled(contest, SMALL).await?;
    let large = Log::filled(contest, LARGE).await?;
    let mut rows = Vec::new();
    if wanted("growth_append") {
        let [large, small] = [Appends(&large), Appends(&small)];
        rows.push(compare(contest, "growth_append", &large, &small).await?);
    }
    if wanted("growth_load") {
        let [large, small] = [Loads(&large), Loads(&small)];
        rows.push(compare(contest, "growth_load", &large, &small).await?);
    }
    Ok(rows)
}

/// Microseconds for one operation on the large log and on the small one.
async fn compare(
    contest: &Contest<'_>,
    workload: &str,
    large: &dyn Side,
    small: &dyn Side,
) -> Result<Row, Failure> {
    let scores = contest.run([large, small]).await?;
    // The time of one operation in place of the rate: one task works.
    let [large, small] = scores.map(|mut score| {
        score.rate = 1e6 / score.rate;
        score
    });
    Ok(row(workload, "us", large, small))
}

/// A log of its own, with accounts of ten events.
struct Log {
    store: PostgresStore,
    accounts: Repository<Account>,
    walk: Arc<Walk>,
}

/// A prime step, so that neighbours in time are no neighbours in an index.
const STEP: u64 = 7_919;

impl Log {
    async fn filled(contest: &Contest<'_>, (schema, events): (&str, u64)) -> Result<Self, Failure> {
        let url = contest.server.url();
        fill::log(url, schema, events).await?;
        let store = PostgresStore::builder(url).schema(schema).connect().await?;
        let accounts = Repository::new(store.clone());
        Ok(Self { store, accounts, walk: Walk::over(0, events / 10, 1) })
    }

    fn next(&self) -> u64 {
        self.walk.next() * STEP % self.walk.accounts()
    }
}

struct Appends<'a>(&'a Log);

impl Side for Appends<'_> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let mut count = 0;
            while Instant::now() < until {
                let event = NewEvent::encode(Codec::Json, &deposited(1))?;
                let stream = StreamId::new(Account::CATEGORY, self.0.next())?;
                let append = Append::to(stream, ExpectedVersion::Any, vec![event]);
                self.0.store.append(append).await?;
                count += 1;
            }
            Ok(count)
        })
    }
}

struct Loads<'a>(&'a Log);

impl Side for Loads<'_> {
    fn slice(&self, time: Duration) -> BoxFuture<'_, Result<u64, Failure>> {
        let until = Instant::now() + time;
        Box::pin(async move {
            let mut count = 0;
            while Instant::now() < until {
                self.0.accounts.load(&self.0.next()).await?;
                count += 1;
            }
            Ok(count)
        })
    }
}
