//! One pass over a partition for all who stand at the same place.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use annals::store::{Delivery, Filter, LogQuery};
use annals::{AnyStore, Checkpoint, EventStore, Partition, Position, ReadError};
use futures::StreamExt;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::page::Page;

/// The most events of a page.
const PAGE: usize = 1_000;

/// How many bytes of events a feed holds at most, besides one page: those that were read
/// ahead, and those that are kept for who is slower.
const BYTES: usize = 8 << 20;

/// For how long one may keep others waiting before the feed goes on without him. Of what he
/// has kept them waiting, half of the time that passes is forgiven: who is as fast as the
/// others, and only busy at another moment, is never left behind.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked who keeps whom waiting.
const LOOK: Duration = Duration::from_millis(20);

/// The feeds of a runner.
///
/// Who stands where a feed has been a moment ago joins it; who stands elsewhere gets one of
/// his own, and comes back when he has caught up. So nobody holds up the others for long,
/// and those in step share every page.
pub(crate) struct Feeds {
    log: AnyStore,
    filter: Filter,
    open: Mutex<Vec<Weak<Feed>>>,
}

impl Feeds {
    pub(crate) fn new(log: AnyStore, filter: Filter) -> Arc<Self> {
        Arc::new(Self { log, filter, open: Mutex::default() })
    }

    /// Joins the feed that has gone farthest among those which pass here, or opens one.
    pub(crate) fn join(self: &Arc<Self>, after: Checkpoint) -> Tap {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|feed| feed.strong_count() > 0);
        let feed = farthest(&open, &after).unwrap_or_else(|| {
            let feed = Feed::open(&self.log, &self.filter, after);
            open.push(Arc::downgrade(&feed));
            feed
        });
        let id = feed.lock().join(after.position());
        Tap { feeds: self.clone(), feed, id }
    }

    /// Whether another feed passes here that has gone farther.
    fn has_farther(&self, than: &Arc<Feed>, after: &Checkpoint) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.len() > 1 && farthest(&open, after).is_some_and(|feed| !Arc::ptr_eq(&feed, than))
    }
}

fn farthest(open: &[Weak<Feed>], after: &Checkpoint) -> Option<Arc<Feed>> {
    let passing = open.iter().filter_map(Weak::upgrade).filter(|feed| feed.passes(after));
    passing.max_by_key(|feed| feed.end())
}

/// A pass over a partition.
struct Feed {
    partition: Partition,
    /// A std mutex: it is never held across an await.
    ring: Mutex<Ring>,
    /// Rings when there is more, or an end.
    grown: Notify,
    /// Rings when somebody has gone on, or has gone.
    room: Notify,
    reading: OnceLock<AbortHandle>,
}

struct Ring {
    pages: VecDeque<Arc<Page>>,
    bytes: usize,
    end: Checkpoint,
    /// Whether the log ended here when it was looked at last.
    caught_up: bool,
    failed: Option<Arc<ReadError>>,
    /// Who reads here; who was left behind is missing.
    readers: HashMap<u64, Reader>,
    next_reader: u64,
    /// When it was looked last who keeps whom waiting.
    looked: Instant,
}

#[derive(Clone, Copy)]
struct Reader {
    /// Behind which position he reads next.
    after: Position,
    /// How long he has kept others waiting, less what was forgiven.
    blame: Duration,
}

impl Ring {
    fn join(&mut self, after: Position) -> u64 {
        self.next_reader += 1;
        self.readers.insert(self.next_reader, Reader { after, blame: Duration::ZERO });
        self.next_reader
    }

    /// Notes who keeps whom waiting, and leaves behind who does so for too long.
    fn look(&mut self) {
        let now = Instant::now();
        let passed = now - std::mem::replace(&mut self.looked, now);
        let end = self.end.position();
        let waited_for = self.readers.values().any(|reader| reader.after == end);
        let oldest = self.pages.front().map_or(end, |page| page.to.position());
        self.readers.retain(|_, reader| {
            reader.blame = reader.blame.saturating_sub(passed / 2);
            if waited_for && reader.after < oldest {
                reader.blame += passed;
            }
            reader.blame < PATIENCE
        });
    }

    /// The page behind a position. Nearly always it is one of the last.
    fn page(&self, after: Position) -> Option<&Arc<Page>> {
        self.pages.iter().rev().find(|page| page.follows(after))
    }
}

impl Feed {
    fn open(log: &AnyStore, filter: &Filter, after: Checkpoint) -> Arc<Self> {
        let ring = Ring {
            pages: VecDeque::new(),
            bytes: 0,
            end: after,
            caught_up: false,
            failed: None,
            readers: HashMap::new(),
            next_reader: 0,
            looked: Instant::now(),
        };
        let query = match after.event() {
            Some(_) => LogQuery::resume(after),
            None => LogQuery::partition(after.partition()),
        };
        let deliveries = log.subscribe(query.filter(filter.clone()));
        let feed = Arc::new(Feed {
            partition: after.partition(),
            ring: Mutex::new(ring),
            grown: Notify::new(),
            room: Notify::new(),
            reading: OnceLock::new(),
        });
        // Only now: a task that finds no feed takes it for one that nobody needs any more.
        let chunks = deliveries.ready_chunks(PAGE).boxed();
        let reading = tokio::spawn(read(Arc::downgrade(&feed), chunks));
        feed.reading.get_or_init(|| reading.abort_handle());
        feed
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // What is done under the lock cannot panic half-way.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> Position {
        self.lock().end.position()
    }

    fn passes(&self, after: &Checkpoint) -> bool {
        let ring = self.lock();
        let here = ring.end == *after || ring.page(after.position()).is_some();
        self.partition == after.partition() && ring.failed.is_none() && here
    }

    /// Adds what was delivered, when there is room.
    async fn push(&self, chunk: Vec<Result<Delivery, ReadError>>) {
        let mut end = self.lock().end;
        let (from, log) = (end.position(), end.log());
        let (mut events, mut caught_up, mut failed) = (Vec::new(), false, None);
        for delivery in chunk {
            caught_up = false;
            match delivery {
                Ok(Delivery::Event(event)) => {
                    end = event.checkpoint(log);
                    events.push(event);
                }
                Ok(Delivery::Passed(checkpoint)) => end = checkpoint,
                Ok(Delivery::CaughtUp(checkpoint)) => {
                    end = checkpoint;
                    caught_up = true;
                }
                Ok(_) => {}
                Err(error) => failed = Some(Arc::new(error)),
            }
        }
        let page = Page::new(from, end, events);
        self.make_room(page.bytes).await;
        let mut ring = self.lock();
        if end.position() > from {
            ring.bytes += page.bytes;
            ring.pages.push_back(Arc::new(page));
            ring.end = end;
        }
        ring.caught_up = caught_up;
        ring.failed = failed;
        drop(ring);
        self.grown.notify_waiters();
    }

    async fn make_room(&self, bytes: usize) {
        self.lock().looked = Instant::now();
        loop {
            let mut gone = std::pin::pin!(self.room.notified());
            gone.as_mut().enable();
            if self.evict(bytes) {
                return;
            }
            // Whether it is over or not, it is looked again.
            let _ = timeout(LOOK, gone).await;
            self.lock().look();
        }
    }

    /// Removes the oldest pages, but those that somebody still needs, until there is room;
    /// returns whether there is.
    fn evict(&self, bytes: usize) -> bool {
        let mut ring = self.lock();
        while ring.bytes + bytes > BYTES {
            let Some(oldest) = ring.pages.front().map(|page| page.to.position()) else { break };
            if ring.readers.values().any(|reader| reader.after < oldest) {
                return false;
            }
            let page = ring.pages.pop_front();
            ring.bytes -= page.map_or(0, |page| page.bytes);
        }
        true
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.get() {
            reading.abort();
        }
    }
}

type Chunks = futures::stream::BoxStream<'static, Vec<Result<Delivery, ReadError>>>;

async fn read(feed: Weak<Feed>, mut chunks: Chunks) {
    // While it waits for events nothing keeps the feed but those who read from it.
    while let Some(chunk) = chunks.next().await {
        let Some(feed) = feed.upgrade() else { return };
        feed.push(chunk).await;
    }
}

/// A place at a feed.
pub(crate) struct Tap {
    feeds: Arc<Feeds>,
    feed: Arc<Feed>,
    id: u64,
}

enum Look {
    Page(Arc<Page>),
    End,
    Wait,
    Missed,
    Failed(Arc<ReadError>),
}

impl Tap {
    /// The page that follows; `None` if there is nothing more, for who has something to do
    /// until there is. Dropping the future leaves nothing behind.
    pub(crate) async fn next(
        &mut self,
        after: Checkpoint,
        busy: bool,
    ) -> Result<Option<Arc<Page>>, Arc<ReadError>> {
        if self.feeds.has_farther(&self.feed, &after) {
            *self = self.feeds.join(after);
        }
        loop {
            let feed = self.feed.clone();
            // Listened for before it is looked: what comes in between rings it.
            let mut grown = std::pin::pin!(feed.grown.notified());
            grown.as_mut().enable();
            match self.look(&after, busy) {
                Look::Page(page) => return Ok(Some(page)),
                Look::End => return Ok(None),
                Look::Failed(error) => return Err(error),
                Look::Missed => *self = self.feeds.join(after),
                Look::Wait => grown.await,
            }
        }
    }

    fn look(&self, after: &Checkpoint, busy: bool) -> Look {
        let mut ring = self.feed.lock();
        let position = after.position();
        let look = if let Some(page) = ring.page(position) {
            Look::Page(page.clone())
        } else if ring.end != *after {
            Look::Missed
        } else if let Some(error) = &ring.failed {
            Look::Failed(error.clone())
        } else if busy && ring.caught_up {
            Look::End
        } else {
            Look::Wait
        };
        // Who was left behind is back if he is here.
        let blame = ring.readers.get(&self.id).map_or(Duration::ZERO, |reader| reader.blame);
        ring.readers.insert(self.id, Reader { after: position, blame });
        drop(ring);
        self.feed.room.notify_waiters();
        look
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.feed.lock().readers.remove(&self.id);
        self.feed.room.notify_waiters();
    }
}
