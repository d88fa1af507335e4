//! Concurrent loads of aggregates, coalesced into one round trip.
//!
//! Why: the first page of a stream is short, and the round trip costs more than the
//! events in it. Those who ask at the same time share one statement, on a connection
//! that is kept: what a pool asks a connection before and after each use is a round
//! trip, too.

mod lane;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use annals::store::{Direction, LogInfo};
use annals::{Partition, ReadError, StoreError, StreamId, Version};

use crate::error::read_error;
use crate::loads::lane::Lane;
use crate::options::Settings;
use crate::page::{Appetite, Page, Pages};

/// How many streams share a statement at most.
const STREAMS: usize = 64;
/// How many events of each: most aggregates have fewer.
const EVENTS: i64 = 100;
/// How many statements are under way at most, each on a connection of its own: while
/// the server works for one, the other's events are decoded.
const LANES: usize = 2;
/// How many may wait to be gathered.
const QUEUE: usize = 1_024;

const SILENT: &str = "no answer in time";

/// A load that waits for others to share its round trip.
struct Load {
    partition: Partition,
    stream: StreamId,
    from: Version,
    answer: oneshot::Sender<Result<Page, ReadError>>,
}

/// Gathers loads.
pub(crate) struct Loads {
    queue: mpsc::Sender<Load>,
    pages: Pages,
    patience: Duration,
}

impl Loads {
    pub(crate) fn start(pages: Pages, connect: Connect) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let patience = connect.settings.read_timeout;
        let (waiting, connect) = (Arc::new(Mutex::new(waiting)), Arc::new(connect));
        for _ in 0..LANES {
            tokio::spawn(Lane::new(pages.clone(), connect.clone(), waiting.clone()).run());
        }
        Self { queue, pages, patience }
    }

    /// The first page of a stream, from a version on, or an error when there was no
    /// answer in time. Dropping it takes the load back.
    pub(crate) async fn first_page(
        &self,
        partition: Partition,
        stream: &StreamId,
        from: Version,
        left: u64,
    ) -> Result<Page, ReadError> {
        // The wait for room and for a connection included, whatever the lanes are at.
        let page = timeout(self.patience, self.wait_for_page(partition, stream, from, left));
        let silent = |_| Err(ReadError::Store(StoreError::transient(SILENT)));
        page.await.unwrap_or_else(silent)
    }

    async fn wait_for_page(
        &self,
        partition: Partition,
        stream: &StreamId,
        from: Version,
        left: u64,
    ) -> Result<Page, ReadError> {
        if left < EVENTS.unsigned_abs() {
            // Whoever wants few would have to be given more than he asked for.
            let stream = (partition, stream);
            let most = Appetite::GREATEST.most(left);
            let page = self.pages.of_stream(stream, Direction::Forwards, from, most);
            return page.await.map_err(read_error);
        }
        let (answer, answered) = oneshot::channel();
        let load = Load { partition, stream: stream.clone(), from, answer };
        let gone = || ReadError::Store(StoreError::transient("the runtime is shutting down"));
        self.queue.send(load).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// How a lane opens its connection.
pub(crate) struct Connect {
    pub(crate) options: sqlx::postgres::PgConnectOptions,
    pub(crate) settings: Settings,
    pub(crate) info: LogInfo,
}
