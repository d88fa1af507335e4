//! Following a partition: events wait in the log until the reader asks, so there is no
//! queue to bound.

use std::time::Duration;

use annals::ReadError;
use annals::store::{Delivery, LogQuery};
use async_stream::try_stream;
use futures::Stream;
use tokio::time::{Instant, sleep};

use crate::PostgresStore;
use crate::error::read_error;
use crate::hub::Follower;
use crate::row;
use crate::scan::{Looked, NO_END, Scan};

/// So few events are read without asking the server to filter them: its plan for a filter is
/// made anew each time, which takes longer than to send them.
const FEW: u64 = 16;

/// How long a standby may lack an event that a subscription has seen elsewhere.
const LAG: Duration = Duration::from_secs(10);

pub(crate) fn follow(
    store: PostgresStore,
    query: LogQuery,
) -> impl Stream<Item = Result<Delivery, ReadError>> + Send + 'static {
    try_stream! {
        let mut left = query.limit.unwrap_or(u64::MAX);
        // Before the first look, so that nothing is missed behind it.
        let mut follower = Follower::new(&store.inner.hub, query.partition);
        let mut scan = begin(&store, &query).await?;
        let (mut caught_up, mut few) = (None, false);
        while left > 0 {
            let (next, page) = look(&store, &scan, left, few).await?;
            scan = next;
            let mut passed = None;
            for row in page.rows {
                let event = row::event(&row, query.partition).map_err(read_error)?;
                // What is expected to be few is not filtered by the server.
                if few && !query.filter.passes(&event) {
                    continue;
                }
                left -= 1;
                passed = Some(event.position);
                yield Delivery::Event(event);
            }
            if left == 0 {
                return;
            }
            let here = scan.checkpoint();
            few = false;
            if page.at_end {
                // A look that was for nothing has reached no other end.
                if caught_up.replace(here) != Some(here) {
                    yield Delivery::CaughtUp(here);
                }
                follower.wait(scan.known(), scan.after).await;
                few = follower.expects(scan.after).is_some_and(|events| events <= FEW);
            } else if passed != Some(here.position()) {
                yield Delivery::Passed(here);
            }
        }
    }
}

/// Begins, also while the server is away.
async fn begin(store: &PostgresStore, query: &LogQuery) -> Result<Scan, ReadError> {
    let mut patience = Patience::of(store);
    loop {
        match Scan::begin(store, query).await {
            Ok((scan, _)) => return Ok(scan),
            Err(error) => patience.after(error).await?,
        }
    }
}

/// Looks at the next page, also while the server is away: a subscription goes on where
/// it was when the server is back.
async fn look(
    store: &PostgresStore,
    scan: &Scan,
    left: u64,
    few: bool,
) -> Result<(Scan, Looked), ReadError> {
    let mut patience = Patience::of(store);
    loop {
        let scan = scan.clone();
        let looked =
            if few { scan.few(left.min(FEW)).await } else { scan.page(NO_END, left).await };
        match looked {
            Ok(looked) => return Ok(looked),
            Err(error) => patience.after(error).await?,
        }
    }
}

/// Growing pauses while the server is away, or a standby is behind.
struct Patience {
    standby: bool,
    pause: Duration,
    /// Since when the standby was seen to be behind.
    behind: Option<Instant>,
}

impl Patience {
    fn of(store: &PostgresStore) -> Self {
        let standby = store.inner.settings.read_url.is_some();
        Self { standby, pause: Duration::from_millis(20), behind: None }
    }

    /// Waits after a failure that may pass; returns another one.
    async fn after(&mut self, error: ReadError) -> Result<(), ReadError> {
        if error.is_transient() {
            tracing::warn!(target: "annals", %error, "a subscription waits for the server");
        } else if self.lags(&error) {
            tracing::debug!(target: "annals", %error, "a subscription waits for the standby");
        } else {
            return Err(error);
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
        Ok(())
    }

    /// Whether the standby may still receive what is missing.
    fn lags(&mut self, error: &ReadError) -> bool {
        let beyond = self.standby && matches!(error, ReadError::BeyondEnd { .. });
        beyond && self.behind.get_or_insert_with(Instant::now).elapsed() < LAG
    }
}
