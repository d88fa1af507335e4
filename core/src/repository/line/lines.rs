//! The lines of a repository.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use crate::StreamId;
use crate::repository::line::Line;

/// So many locks, that calls on different aggregates seldom meet at one.
const SHARDS: u64 = 32;

/// The lines in which calls are, by stream. A stream without calls has none.
pub(crate) struct Lines<A> {
    shards: Vec<Mutex<Shard<A>>>,
}

type Shard<A> = HashMap<StreamId, Open<A>>;

/// A line, and how many calls are in it or wait for room in it.
struct Open<A> {
    line: Arc<Line<A>>,
    calls: usize,
}

impl<A> Lines<A> {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Comes to the line of a stream, to leave it when the visit is dropped.
    pub(crate) fn visit<'a>(&'a self, stream: &'a StreamId) -> Visit<'a, A> {
        let mut shard = self.shard(stream);
        if let Some(open) = shard.get_mut(stream) {
            open.calls += 1;
            return Visit { lines: self, stream, line: open.line.clone() };
        }
        let line = Arc::new(Line::new());
        shard.insert(stream.clone(), Open { line: line.clone(), calls: 1 });
        Visit { lines: self, stream, line }
    }

    /// How many lines there are.
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, stream: &StreamId) -> MutexGuard<'_, Shard<A>> {
        let shard = xxh3_64(stream.as_str().as_bytes()) % SHARDS;
        lock(&self.shards[shard as usize])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call's stay in a line.
pub(crate) struct Visit<'a, A> {
    lines: &'a Lines<A>,
    stream: &'a StreamId,
    line: Arc<Line<A>>,
}

impl<A> Visit<'_, A> {
    pub(crate) fn line(&self) -> &Line<A> {
        &self.line
    }
}

impl<A> Drop for Visit<'_, A> {
    fn drop(&mut self) {
        let mut shard = self.lines.shard(self.stream);
        let Some(open) = shard.get_mut(self.stream) else { return };
        open.calls -= 1;
        if open.calls == 0 {
            shard.remove(self.stream);
        }
    }
}
