//! Who waits for new events is told of them here: by the store's own writer, by other
//! processes, or by a look at the ends of the partitions now and then.
//!
//! Only the look is relied upon. What the writers say comes sooner, and may be lost.

mod board;
mod follower;
mod listen;
mod lookout;
mod news;
mod teller;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals::store::LogInfo;
use annals::{Partition, Position};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::options::Settings;
use crate::page::Pages;
use board::Board;
pub(crate) use board::End;
pub(crate) use follower::Follower;
pub(crate) use listen::{LATE, SOON, connect, hear};
use teller::Teller;

/// How often it is looked for new events where nobody tells.
const ALONE: Duration = Duration::from_millis(100);
/// How often it is looked for new events where others tell.
const TOLD: Duration = Duration::from_secs(1);
/// A loop that never pauses would take a processor and the server for itself.
const LEAST: Duration = Duration::from_millis(1);

/// What is known of the ends of the partitions, and who waits for more.
pub(crate) struct Hub {
    boards: Vec<Board>,
    /// How many wait, over all partitions.
    waiting: AtomicUsize,
    /// The task that looks and listens, while somebody waits.
    lookout: Mutex<Option<AbortHandle>>,
    teller: Teller,
    ways: Arc<Ways>,
}

/// How the lookout reaches the log. It keeps the hub from nothing.
struct Ways {
    /// The server on which partitions are read.
    followed: Pages,
    /// Whether that server may be behind the one that is written to.
    standby: bool,
    /// To the server that is written to: a standby refuses to listen.
    listen: Option<PgConnectOptions>,
    channel: String,
    poll: Option<Duration>,
    connect_timeout: Duration,
    /// Whether others can tell us.
    told: AtomicBool,
    /// Asks for a look now.
    bell: Notify,
}

impl Ways {
    /// The time between two looks.
    fn interval(&self) -> Duration {
        let told = self.told.load(Ordering::Relaxed);
        self.poll.unwrap_or(if told { TOLD } else { ALONE }).max(LEAST)
    }
}

impl Hub {
    pub(crate) fn new(
        info: &LogInfo,
        settings: &Settings,
        primary: Pages,
        followed: Pages,
        listen: Option<PgConnectOptions>,
    ) -> Arc<Self> {
        // A restored copy has the same name, but in a database of its own, and
        // notifications do not leave a database.
        let channel = format!("annals_{}", info.id.as_uuid().simple());
        let ways = Ways {
            followed,
            standby: settings.read_url.is_some(),
            listen,
            channel: channel.clone(),
            poll: settings.poll_interval,
            connect_timeout: settings.connect_timeout,
            told: AtomicBool::new(false),
            bell: Notify::new(),
        };
        Arc::new(Self {
            boards: info.partitions.iter().map(|_| Board::default()).collect(),
            waiting: AtomicUsize::new(0),
            lookout: Mutex::new(None),
            teller: Teller::new(primary, channel),
            ways: Arc::new(ways),
        })
    }

    /// The store's own writer has appended up to here. It waits for nothing.
    pub(crate) fn grown(&self, partition: Partition, end: Position) {
        self.hint(partition, end);
        self.teller.tell(partition, end);
    }

    /// Somebody says that a partition ends here, or behind it.
    fn hint(&self, partition: Partition, end: Position) {
        if let Some(board) = self.boards.get(partition.index()) {
            board.hint(end);
        }
    }

    /// Counts one who waits, and sees to it that somebody looks for him.
    fn enter(self: &Arc<Self>, partition: Partition) -> Waiting<'_> {
        let waiting = Waiting { hub: self, board: self.boards.get(partition.index()) };
        waiting.count(1);
        let mut lookout = lock(&self.lookout);
        // It may also have ended with its runtime.
        if lookout.as_ref().is_none_or(AbortHandle::is_finished) {
            let watch = lookout::watch(Arc::downgrade(self), self.ways.clone());
            *lookout = Some(tokio::spawn(watch).abort_handle());
        }
        waiting
    }

    /// Whether nobody waits, so that the lookout may end: whoever comes next starts
    /// another. Both are decided under the lock.
    fn retire(&self) -> bool {
        let mut lookout = lock(&self.lookout);
        let nobody = self.waiting.load(Ordering::SeqCst) == 0;
        if nobody {
            *lookout = None;
        }
        nobody
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(lookout) = lock(&self.lookout).take() {
            lookout.abort();
        }
    }
}

/// One who waits.
struct Waiting<'h> {
    hub: &'h Hub,
    board: Option<&'h Board>,
}

impl Waiting<'_> {
    fn count(&self, change: isize) {
        let counts = [Some(&self.hub.waiting), self.board.map(|board| &board.waiting)];
        for count in counts.into_iter().flatten() {
            count.fetch_add(change.cast_unsigned(), Ordering::SeqCst);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count(-1);
    }
}

/// What is guarded is never left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
