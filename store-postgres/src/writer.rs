//! The writer: concurrent appends of a process are committed as one batch, each
//! answered for itself.
//!
//! Why: a commit costs about 600 us whatever is in it, and an append about 20 us.

mod answer;
mod batch;
mod claim;
mod columns;
mod lane;
mod line;
mod meter;

use std::sync::Arc;

use annals::store::{Append, Appended, LogInfo};
use annals::{AppendError, EventStore, StoreError};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
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
    tasks: Mutex<Vec<JoinHandle<()>>>,
    append_timeout: std::time::Duration,
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
        let (lanes, tasks) = (0..lanes)
            .map(|_| {
                // Each append in it holds room, so this many are the most.
                let (sender, queue) = mpsc::channel(4_096);
                let line = Line::new(shared.clone(), first.take());
                (sender, tokio::spawn(Lane::new(shared.clone(), line, queue).run()))
            })
            .unzip();
        let room = Arc::new(Semaphore::new(units as usize));
        Self { lanes, room, units, tasks: Mutex::new(tasks), append_timeout }
    }

    /// Hands an append over, and waits for its answer.
    pub(crate) async fn append(
        &self,
        store: &PostgresStore,
        append: Append,
    ) -> Result<Appended, AppendError> {
        append.check(&store.log().limits)?;
        let now = Instant::now();
        let deadline = append.deadline.unwrap_or(now + self.append_timeout);
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
        let pending =
            Pending { append, bytes, since: now, claim: claim.clone(), answer, _room: room };
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

    /// Takes no more appends, and writes those that wait, until the deadline; says
    /// whether that sufficed.
    pub(crate) async fn close(&self, deadline: Instant) -> bool {
        self.room.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().await);
        let mut drained = true;
        for mut task in tasks {
            if timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                drained = false;
            }
        }
        drained
    }
}

fn closed() -> AppendError {
    AppendError::Store(StoreError::permanent("the store was closed"))
}

/// What an append takes in memory, about.
fn size(append: &Append) -> usize {
    let events = append.writes.iter().flat_map(|write| &write.events);
    events.map(|event| event.payload.len() + event.metadata.size() + 256).sum()
}
