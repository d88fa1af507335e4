//! One lane of the writer: gathers what waits, commits it, and answers each caller.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use annals::StoreError;
use futures::FutureExt;
use sqlx::postgres::PgRow;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::error::{Kind, kind, store_error};
use crate::writer::answer::Answers;
use crate::writer::attempt::{Attempt, answer_all};
use crate::writer::batch::Batch;
use crate::writer::columns::Columns;
use crate::writer::line::{Call, Line};
use crate::writer::meter;
use crate::writer::one::One;
use crate::writer::{Pending, Shared};

/// How often the writer steps back before it gathers a batch, at most.
const YIELDS: usize = 16;
/// How long it tries to connect before it tells those who wait.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Lane {
    shared: Arc<Shared>,
    line: Line,
    queue: mpsc::Receiver<Pending>,
    /// Whether the store is being closed.
    closing: watch::Receiver<bool>,
    /// What did not fit into the last batch.
    next: Option<Pending>,
    /// When connecting failed last.
    failed: Option<Instant>,
}

/// Why a try to commit a batch has no answers.
enum Failed {
    /// Nothing was written, because something stood in the way of the one event: as a
    /// batch it is told what.
    InTheWay,
    /// Nothing was written, because of what is in it.
    Content(StoreError),
    /// Nothing was written.
    Nothing(StoreError),
    /// It is unknown whether it was written.
    Doubt(StoreError),
}

impl Lane {
    pub(super) fn new(
        shared: Arc<Shared>,
        line: Line,
        queue: mpsc::Receiver<Pending>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self { shared, line, queue, closing, next: None, failed: None }
    }

    /// Runs until every handle of the store is gone or closed, and what waited is
    /// written.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.first().await {
            // A defect must not end the writer of a process for good. Those in the
            // batch find their answers dropped, and know that they are in doubt.
            let turn = AssertUnwindSafe(self.turn(first)).catch_unwind();
            if turn.await.is_err() {
                tracing::error!(target: "annals", "the writer has panicked, and goes on");
            }
        }
    }

    /// The first append of the next batch; `None` when there will be none any more.
    async fn first(&mut self) -> Option<Pending> {
        if let Some(pending) = self.next.take() {
            return Some(pending);
        }
        loop {
            tokio::select! {
                biased;
                // What is in the queue is still received.
                _ = self.closing.wait_for(|closing| *closing), if !self.queue.is_closed() => {
                    self.queue.close();
                }
                pending = self.queue.recv() => return pending,
            }
        }
    }

    async fn turn(&mut self, first: Pending) {
        self.step_back().await;
        let batch = self.gather(first);
        self.commit(batch).await;
    }

    /// Lets those whose appends have just been committed send the next ones. Whoever
    /// gathers at once catches half of them, and runs two half-full batches in turn.
    async fn step_back(&self) {
        let mut waiting = self.queue.len();
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
            let now = self.queue.len();
            if now == waiting {
                return;
            }
            waiting = now;
        }
    }

    fn gather(&mut self, first: Pending) -> Vec<Pending> {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(pending) = next.take().or_else(|| self.queue.try_recv().ok()) {
            if let Err(pending) = batch.take(pending, self.shared.settings.batch) {
                self.next = Some(*pending);
                break;
            }
        }
        batch.appends
    }

    /// Commits a batch, in parts and again where that is needed: each try for itself,
    /// in the order of the appends, none beyond the deadlines of its callers.
    async fn commit(&mut self, batch: Vec<Pending>) {
        let connected = self.connect().await;
        // From here on it may be written; who has given up before is left out.
        let batch: Vec<_> = batch.into_iter().filter(|pending| pending.claim.take()).collect();
        if let Err(error) = connected {
            return answer_all(batch, &error, false);
        }
        batch.iter().for_each(|pending| meter::waited(pending.since.elapsed()));
        let mut rest = vec![Attempt::first(batch)];
        while let Some(attempt) = rest.pop() {
            let attempt = attempt.in_time();
            if attempt.batch.is_empty() {
                continue;
            }
            // The last try may have cost the connection; usually this does nothing.
            if let Err(error) = self.connect().await {
                answer_all(attempt.batch, &error, attempt.doubts > 0);
                continue;
            }
            meter::batch(attempt.batch.len(), self.queue.len());
            match self.send(&attempt).await {
                Ok(answers) => attempt.answer(&self.shared, &answers),
                Err(Failed::InTheWay) => rest.push(attempt.in_full()),
                Err(Failed::Content(_)) if attempt.batch.len() > 1 => rest.extend(attempt.halves()),
                Err(Failed::Nothing(error)) if attempt.doubts > 0 && error.is_transient() => {
                    rest.extend(attempt.again(&error));
                }
                Err(Failed::Content(error) | Failed::Nothing(error)) => {
                    answer_all(attempt.batch, &error, attempt.doubts > 0);
                }
                Err(Failed::Doubt(error)) => rest.extend(attempt.again(&error)),
            }
        }
    }

    /// Connects, trying for a while: a server that restarts is back within seconds.
    async fn connect(&mut self) -> Result<(), StoreError> {
        let until = match self.failed {
            // It was tried in vain a moment ago.
            Some(failed) if failed.elapsed() < PATIENCE => Instant::now(),
            _ => Instant::now() + PATIENCE,
        };
        let mut pause = Duration::from_millis(20);
        loop {
            let Err(error) = self.line.ready().await else {
                self.failed = None;
                return Ok(());
            };
            let error = StoreError::from(error);
            tracing::warn!(target: "annals", %error, "the writer has no connection");
            let late = Instant::now() + pause > until;
            if late || !error.is_transient() || *self.closing.borrow() {
                self.failed = Some(Instant::now());
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn send(&mut self, attempt: &Attempt) -> Result<Answers, Failed> {
        let batch = &*attempt.batch;
        let partitions = self.shared.info.partitions;
        let began = Instant::now();
        // A pooler's transaction costs more than what is gained.
        let short = attempt.short && !self.shared.settings.pooler;
        let one = if short { One::of(batch, partitions).map_err(Failed::Content)? } else { None };
        let answers = if let Some(one) = one {
            let row = self.call(&Call::One(&one)).await?;
            Answers::of_one(&row).map_err(|error| unread(&error))?.ok_or(Failed::InTheWay)?
        } else {
            let appends = batch.iter().map(|pending| &pending.append);
            let columns = Columns::of(appends, partitions).map_err(Failed::Content)?;
            let row = self.call(&Call::Batch(&columns)).await?;
            Answers::of(&row).map_err(|error| unread(&error))?
        };
        meter::committed(batch.len(), began.elapsed(), answers.lock_wait_us);
        Ok(answers)
    }

    async fn call(&mut self, call: &Call<'_>) -> Result<PgRow, Failed> {
        self.line.send(call).await.map_err(|lost| {
            let failure = store_error(&lost.error);
            match kind(&lost.error) {
                Kind::Content => Failed::Content(failure),
                Kind::Doubt if lost.sent => Failed::Doubt(failure),
                Kind::Doubt | Kind::Transient | Kind::Permanent | Kind::Elsewhere => {
                    Failed::Nothing(failure)
                }
            }
        })
    }
}

/// It was committed, but what was said of it cannot be read.
fn unread(error: &sqlx::Error) -> Failed {
    Failed::Doubt(store_error(error))
}
