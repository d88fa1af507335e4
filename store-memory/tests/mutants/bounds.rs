//! A10: stores without limits and deadlines, and readers who are waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use annals::EventStore;
use annals::store::{Append, LogQuery, StreamQuery};
use annals_memory::MemoryStore;
use futures::StreamExt;
use tokio::sync::RwLock;

use crate::mutant::{Answer, Events, Mutation, caught};

caught! {
    a10_ignoring_deadlines: "a10_", |_| IgnoresDeadlines;
    a10_waiting_beyond_the_deadline: "a10_", |_| NeverAnswers::default();
    a10_ignoring_the_limits_of_streams: "a10_", |_| IgnoresLimits { streams: true };
    a10_ignoring_the_limits_of_the_log: "a10_", |_| IgnoresLimits { streams: false };
    a10_waiting_for_readers: "a10_", |_| WaitsForReaders::default();
}

#[derive(Debug)]
struct IgnoresDeadlines;

impl Mutation for IgnoresDeadlines {
    fn append<'a>(&'a self, store: &'a MemoryStore, mut append: Append) -> Answer<'a> {
        append.deadline = None;
        Box::pin(store.append(append))
    }
}

#[derive(Debug, Default)]
struct NeverAnswers(AtomicU32);

impl Mutation for NeverAnswers {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        if self.0.fetch_add(1, Ordering::Relaxed) % 64 == 63 {
            return Box::pin(std::future::pending());
        }
        Box::pin(store.append(append))
    }
}

#[derive(Debug)]
struct IgnoresLimits {
    streams: bool,
}

impl Mutation for IgnoresLimits {
    fn stream_query(&self, mut query: StreamQuery) -> StreamQuery {
        query.limit = query.limit.filter(|_| !self.streams);
        query
    }

    fn log_query(&self, mut query: LogQuery) -> LogQuery {
        query.limit = query.limit.filter(|_| self.streams);
        query
    }
}

/// A reader holds the lock as long as it reads.
#[derive(Debug, Default)]
struct WaitsForReaders(Arc<RwLock<()>>);

impl Mutation for WaitsForReaders {
    fn append<'a>(&'a self, store: &'a MemoryStore, append: Append) -> Answer<'a> {
        Box::pin(async move {
            let _alone = self.0.write().await;
            store.append(append).await
        })
    }

    fn of_log(&self, events: Events) -> Events {
        let lock = self.0.clone();
        let locked = async move {
            let reading = lock.read_owned().await;
            events.inspect(move |_| {
                let _ = &reading;
            })
        };
        futures::stream::once(locked).flatten().boxed()
    }
}
