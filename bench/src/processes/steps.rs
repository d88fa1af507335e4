//! How many steps instances take, each an append, where most ask for a command to an aggregate.

use std::time::Duration;

use annals::Repository;
use annals_processes::{Book, Overview, ProcessOptions, Processes, RunningProcesses};
use futures::{StreamExt, TryStreamExt, stream};

use super::domain::{Bank, Moving, Transfer, TransferEvent};
use super::{Place, measure};
use crate::Failure;
use crate::postgres::{BenchServer, Row};

/// Steps of one transfer.
const STEPS: u64 = 3;

pub(super) async fn run(server: &BenchServer, instances: u64) -> Result<Row, Failure> {
    let place = Place::new(server, "steps").await?;
    let log = place.log().await?;
    let transfers = Repository::<Transfer>::new(log.clone());
    eprintln!("requesting {instances} transfers");
    let requests = stream::iter(0..instances).map(Ok::<_, Failure>);
    requests
        .try_for_each_concurrent(256, async |n| {
            let requested = TransferEvent::Requested { from: n, to: n + 1, cents: 5 };
            transfers.update(&n, |_: &_| requested.clone()).await?;
            Ok(())
        })
        .await?;
    let bank = Bank(Repository::new(log.clone()));
    let options = ProcessOptions::new().from_beginning();
    let processes = Processes::new(log, place.models().await?);
    let processes = processes.process_with::<Moving>(bank, options);
    measure(server, "steps", async move {
        let worker = processes.start().await?;
        all_over(&worker, instances).await?;
        worker.stop().await?;
        Ok(instances * STEPS)
    })
    .await
}

/// Waits until all instances are over.
async fn all_over(worker: &RunningProcesses, instances: u64) -> Result<(), Failure> {
    let views = worker.views();
    // They are over about in the order in which they have begun: the last of some are waited for.
    for n in (0..instances).rev().take(500) {
        let key = format!("moving/{n}");
        let over = |overview: Option<Overview>| {
            overview.is_some_and(|Overview { book: Book { phase, .. }, .. }| phase.is_over())
        };
        while !over(views.get::<Overview>(&key).await?) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // And then all.
    let mut after = String::new();
    loop {
        let page = views.page::<Overview>(Some(&after), 1_000).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        if page.iter().any(|(_, overview)| !overview.book.phase.is_over()) {
            after.clear();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
