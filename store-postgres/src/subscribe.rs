//! Following a partition: events wait in the log until the reader asks, so there is no
//! queue to bound.

use std::time::Duration;

use annals::store::{Delivery, LogQuery};
use annals::{Position, ReadError};
use async_stream::try_stream;
use futures::Stream;
use tokio::time::sleep;

use crate::PostgresStore;
use crate::scan::{Looked, Scan};

/// Beyond every position that PostgreSQL can express.
const NO_END: Position = Position::new(i64::MAX.unsigned_abs());

pub(crate) fn follow(
    store: PostgresStore,
    query: LogQuery,
) -> impl Stream<Item = Result<Delivery, ReadError>> + Send + 'static {
    try_stream! {
        let mut left = query.limit.unwrap_or(u64::MAX);
        let mut scan = begin(&store, &query).await?;
        while left > 0 {
            let (next, page) = look(&scan, left).await?;
            scan = next;
            let passed = page.events.last().map(|event| event.position);
            for event in page.events {
                left -= 1;
                yield Delivery::Event(event);
            }
            if left == 0 {
                return;
            }
            if page.at_end {
                yield Delivery::CaughtUp(scan.checkpoint());
                store.inner.hub.wait(query.partition, scan.after).await;
            } else if passed != Some(scan.checkpoint().position()) {
                yield Delivery::Passed(scan.checkpoint());
            }
        }
    }
}

/// Begins, also while the server is away.
async fn begin(store: &PostgresStore, query: &LogQuery) -> Result<Scan, ReadError> {
    let mut pause = Pause::default();
    loop {
        match Scan::begin(store, query).await {
            Ok((scan, _)) => return Ok(scan),
            Err(error) => pause.after(error).await?,
        }
    }
}

/// Looks at the next page, also while the server is away: a subscription goes on where
/// it was when the server is back.
async fn look(scan: &Scan, left: u64) -> Result<(Scan, Looked), ReadError> {
    let mut pause = Pause::default();
    loop {
        match scan.clone().page(NO_END, left).await {
            Ok(looked) => return Ok(looked),
            Err(error) => pause.after(error).await?,
        }
    }
}

/// Growing pauses while the server is away.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(Duration::from_millis(20))
    }
}

impl Pause {
    /// Waits after a failure that may pass; returns another one.
    async fn after(&mut self, error: ReadError) -> Result<(), ReadError> {
        if !error.is_transient() {
            return Err(error);
        }
        tracing::warn!(target: "annals", %error, "a subscription waits for the server");
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(1));
        Ok(())
    }
}
