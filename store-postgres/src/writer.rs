//! The writer: concurrent appends of a process are committed as one batch, each
//! answered for itself.
//!
//! Why: a commit costs about 600 us whatever is in it, and an append about 20 us.

mod answer;
mod attempt;
mod batch;
mod claim;
mod columns;
mod lane;
mod line;
mod meter;
mod one;

use std::sync::Arc;
use std::time::Duration;

use annals::store::{Append, Appended, LogInfo};
use annals::{AppendError, EventStore, StoreError};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::PostgresStore;
use crate::hub::Hub;
use crate::options::Settings;
use crate::sql::Sql;
pub(crate) use answer::{first_outcome, staged_outcome};
use claim::Claim;
pub(crate) use columns::Columns;
use lane::Lane;
use line::Line;

/// Room in the queue is counted in units of this many bytes.
const UNIT: usize = 1024;

/// An append on its way to the log.
pub(crate) struct Pending {
    pub(crate) append: Append,
    pub(crate) bytes: usize,
    since: Instant,
    /// After this moment it is not sent, nor sent again, also if its caller is gone.
    deadline: Instant,
    claim: Arc<Claim>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    _room: tokio::sync::OwnedSemaphorePermit,
}

impl Pending {
    fn answer(self, answer: Result<Appended, AppendError>) {
        meter::answered(&answer);
        // Whoever has gone away does not want to know.
        drop(self.answer.send(answer));
    }
}

/// The writer of one store, with one lane for each of its connections.
pub(crate) struct Writer {
    lanes: Vec<mpsc::Sender<Pending>>,
    /// Bounds the bytes that wait, over all lanes.
    room: Arc<Semaphore>,
    units: u32,
    closing: watch::Sender<bool>,
    tasks: Mutex<Tasks>,
    append_timeout: Duration,
}

/// The tasks of the lanes, as long as nobody has seen their end.
struct Tasks {
    running: Vec<JoinHandle<()>>,
    /// Whether one had to be stopped with work in hand.
    stopped: bool,
}

/// What every lane shares.
pub(crate) struct Shared {
    pub(crate) info: LogInfo,
    pub(crate) sql: Arc<Sql>,
    pub(crate) settings: Settings,
    pub(crate) options: PgConnectOptions,
    pub(crate) hub: Arc<Hub>,
}

impl Writer {
    pub(crate) fn start(shared: Shared, connection: PgConnection) -> Self {
        meter::describe();
        let lanes = shared.settings.writers.min(shared.info.partitions.count());
        let units = u32::try_from(shared.settings.queue_bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let append_timeout = shared.settings.append_timeout;
        let shared = Arc::new(shared);
        let mut first = Some(connection);
        let closing = watch::Sender::new(false);
        let (lanes, running) = (0..lanes)
            .map(|_| {
                // Each append in it holds room, so this many are the most.
                let (sender, queue) = mpsc::channel(4_096);
                let line = Line::new(shared.clone(), first.take());
                let lane = Lane::new(shared.clone(), line, queue, closing.subscribe());
                (sender, tokio::spawn(lane.run()))
            })
            .unzip();
        let room = Arc::new(Semaphore::new(units as usize));
        let tasks = Mutex::new(Tasks { running, stopped: false });
        Self { lanes, room, units, closing, tasks, append_timeout }
    }

    /// Hands an append over, and waits for its answer.
    pub(crate) async fn append(
        &self,
        store: &PostgresStore,
        append: Append,
    ) -> Result<Appended, AppendError> {
        append.check(&store.log().limits)?;
        let now = Instant::now();
        let deadline = append.deadline.unwrap_or_else(|| after(self.append_timeout));
        if deadline <= now {
            return Err(AppendError::DeadlineExceeded);
        }
        let bytes = size(&append);
        // What is larger than the whole queue may still be alone in it.
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).saturating_add(1);
        let room = self.room.clone().acquire_many_owned(units.min(self.units));
        let room = match timeout_at(deadline, room).await {
            Ok(room) => room.map_err(|_| closed())?,
            Err(_) => return Err(AppendError::DeadlineExceeded),
        };
        let (claim, (answer, answered)) = (Arc::new(Claim::default()), oneshot::channel());
        let home = append.writes.first().map(|write| store.home(&write.stream).index());
        let lane = &self.lanes[home.unwrap_or(0) % self.lanes.len()];
        let pending = Pending {
            append,
            bytes,
            since: now,
            deadline,
            claim: claim.clone(),
            answer,
            _room: room,
        };
        match timeout_at(deadline, lane.send(pending)).await {
            Ok(sent) => sent.map_err(|_| closed())?,
            Err(_) => return Err(AppendError::DeadlineExceeded),
        }
        match timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            // The writer has ended, or the deadline has passed: what it has not begun
            // will never be written.
            Ok(Err(_)) if claim.withdraw() => Err(closed()),
            Ok(Err(_)) => Err(AppendError::Unknown(StoreError::transient("the store was closed"))),
            Err(_) if claim.withdraw() => Err(AppendError::DeadlineExceeded),
            Err(_) => Err(AppendError::Unknown(StoreError::transient("no answer in time"))),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.room.is_closed()
    }

    /// Takes no more appends, and writes those that wait, for so long at most; says
    /// whether that sufficed.
    pub(crate) async fn close(&self, within: Duration) -> bool {
        let deadline = after(within);
        self.room.close();
        self.closing.send_replace(true);
        // Held until the end: a second caller waits for the same tasks as the first.
        let Ok(mut tasks) = timeout_at(deadline, self.tasks.lock()).await else {
            return false;
        };
        while let Some(task) = tasks.running.last_mut() {
            if timeout_at(deadline, &mut *task).await.is_err() {
                task.abort();
                // Its callers get their answers when it is dropped, which is now.
                drop(task.await);
                tasks.stopped = true;
            }
            tasks.running.pop();
        }
        !tasks.stopped
    }
}

/// The moment after this time from now; a time beyond all measure is a long one.
fn after(time: Duration) -> Instant {
    const LONG: Duration = Duration::from_secs(60 * 60 * 24 * 365);
    let now = Instant::now();
    now.checked_add(time).unwrap_or(now + LONG)
}

pub(crate) fn closed() -> AppendError {
    AppendError::Store(StoreError::permanent("the store was closed, or its runtime has ended"))
}

/// What an append takes in memory, about.
fn size(append: &Append) -> usize {
    let events = append.writes.iter().flat_map(|write| &write.events);
    events.map(|event| event.payload.len() + event.metadata.size() + 256).sum()
}
