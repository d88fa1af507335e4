//! Concurrent loads of aggregates, coalesced into one round trip.
//!
//! Why: the first page of a stream is short, and the round trip costs more than the
//! events in it. Those who ask at the same time share one statement.

use tokio::sync::{mpsc, oneshot};

use annals::{Partition, ReadError, StoreError, StreamId, Version};

use crate::error::{Failure, read_error, store_error};
use crate::page::{BYTES, Page, Pages};
use crate::read::most;

/// How many streams share a statement at most.
const STREAMS: usize = 64;
/// How many events of each: most aggregates have fewer.
const EVENTS: i64 = 100;
/// How many statements are under way at most; so much work is worth two connections.
const AT_ONCE: usize = 2;
/// How many may wait to be gathered.
const QUEUE: usize = 1_024;

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
}

impl Loads {
    pub(crate) fn start(pages: Pages) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(gather(pages.clone(), waiting));
        Self { queue, pages }
    }

    /// The first page of a stream, from a version on.
    pub(crate) async fn first_page(
        &self,
        partition: Partition,
        stream: &StreamId,
        from: Version,
        left: u64,
    ) -> Result<Page, ReadError> {
        if left < EVENTS.unsigned_abs() {
            // Whoever wants few would have to be given more than he asked for.
            let page = self.pages.of_stream(
                (partition, stream),
                annals::store::Direction::Forwards,
                from,
                most(left),
            );
            return page.await.map_err(read_error);
        }
        let (answer, answered) = oneshot::channel();
        let load = Load { partition, stream: stream.clone(), from, answer };
        let gone = || ReadError::Store(StoreError::transient("the runtime is shutting down"));
        self.queue.send(load).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn gather(pages: Pages, mut waiting: mpsc::Receiver<Load>) {
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    while let Some(first) = waiting.recv().await {
        // While all statements are under way, more loads come to share the next.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let mut loads = vec![first];
        tokio::task::yield_now().await;
        while loads.len() < STREAMS {
            match waiting.try_recv() {
                Ok(load) => loads.push(load),
                Err(_) => break,
            }
        }
        let pages = pages.clone();
        tokio::spawn(async move {
            fetch(&pages, loads).await;
            drop(slot);
        });
    }
}

async fn fetch(pages: &Pages, loads: Vec<Load>) {
    // Who has gone away meanwhile need not be read for.
    let loads: Vec<_> = loads.into_iter().filter(|load| !load.answer.is_closed()).collect();
    if let [_] = &loads[..] {
        for load in loads {
            let stream = (load.partition, &load.stream);
            let direction = annals::store::Direction::Forwards;
            let page = pages.of_stream(stream, direction, load.from, EVENTS).await;
            drop(load.answer.send(page.map_err(read_error)));
        }
        return;
    }
    let wanted: Vec<_> =
        loads.iter().map(|load| (load.partition, load.stream.clone(), load.from)).collect();
    let bytes = BYTES / i64::try_from(loads.len().max(1)).unwrap_or(1);
    match pages.of_streams(&wanted, EVENTS, bytes).await {
        Ok(found) => {
            for (load, page) in loads.into_iter().zip(found) {
                drop(load.answer.send(Ok(page)));
            }
        }
        Err(error) => {
            let error = store_error(&error);
            for load in loads {
                let failure = Failure::text(error.to_string());
                let same = if error.is_transient() {
                    StoreError::transient(failure)
                } else {
                    StoreError::permanent(failure)
                };
                drop(load.answer.send(Err(ReadError::Store(same))));
            }
        }
    }
}
