//! One lane of the writer: gathers what waits, commits it, and answers each caller.

use std::sync::Arc;
use std::time::Duration;

use annals::store::Append;
use annals::{AppendError, StoreError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::error::{Failure, Kind, kind, store_error};
use crate::writer::answer::Answers;
use crate::writer::batch::Batch;
use crate::writer::columns::Columns;
use crate::writer::line::Line;
use crate::writer::meter;
use crate::writer::{Pending, Shared};

/// How often the writer steps back before it gathers a batch, at most.
const YIELDS: usize = 16;
/// How long it tries to connect before it tells those who wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a batch in doubt is sent again.
const RESENDS: usize = 3;

pub(super) struct Lane {
    shared: Arc<Shared>,
    line: Line,
    queue: mpsc::Receiver<Pending>,
    /// What did not fit into the last batch.
    next: Option<Pending>,
    /// When connecting failed last.
    failed: Option<Instant>,
}

/// How a try to commit a batch ended.
enum Sent {
    /// Each append has its answer.
    Answered(Answers),
    /// Nothing was written, because of what is in it.
    Content(StoreError),
    /// Nothing was written.
    Nothing(StoreError),
    /// It is unknown whether it was written.
    Doubt(StoreError),
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>, line: Line, queue: mpsc::Receiver<Pending>) -> Self {
        Self { shared, line, queue, next: None, failed: None }
    }

    /// Runs until every handle of the store is gone or closed, and what waited is
    /// written.
    pub(super) async fn run(mut self) {
        loop {
            let first = match self.next.take() {
                Some(pending) => pending,
                None => match self.queue.recv().await {
                    Some(pending) => pending,
                    None => return,
                },
            };
            self.step_back().await;
            let batch = self.gather(first);
            self.commit(batch).await;
        }
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

    async fn commit(&mut self, batch: Vec<Pending>) {
        if let Err(error) = self.connect().await {
            let text = error.to_string();
            let retryable = error.is_transient();
            for pending in batch.into_iter().filter(|pending| pending.claim.take()) {
                let failure = Failure::text(&*text);
                let store = if retryable { StoreError::transient } else { StoreError::permanent };
                pending.answer(Err(AppendError::Store(store(failure))));
            }
            return;
        }
        // From here on it may be written; who has given up before is left out.
        let batch: Vec<_> = batch.into_iter().filter(|pending| pending.claim.take()).collect();
        batch.iter().for_each(|pending| meter::waited(pending.since.elapsed()));
        let mut rest = vec![batch];
        while let Some(batch) = rest.pop() {
            if batch.is_empty() {
                continue;
            }
            meter::batch(batch.len(), self.queue.len());
            match self.send(&batch).await {
                Sent::Answered(answers) => self.answer(batch, &answers, false),
                Sent::Content(_) if batch.len() > 1 => {
                    // One of them is to blame: each half is tried for itself.
                    let mut first = batch;
                    let second = first.split_off(first.len() / 2);
                    rest.push(second);
                    rest.push(first);
                }
                Sent::Content(error) | Sent::Nothing(error) => answer_all(batch, &error, false),
                Sent::Doubt(error) => self.resolve(batch, error).await,
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
            match self.line.ready().await {
                Ok(()) => {
                    self.failed = None;
                    return Ok(());
                }
                Err(error) => {
                    let error = StoreError::from(error);
                    tracing::warn!(target: "annals", %error, "the writer has no connection");
                    if Instant::now() + pause > until || self.queue.is_closed() {
                        self.failed = Some(Instant::now());
                        return Err(error);
                    }
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn send(&mut self, batch: &[Pending]) -> Sent {
        let appends = batch.iter().map(|pending| &pending.append);
        let columns = match Columns::of(appends, self.shared.info.partitions) {
            Ok(columns) => columns,
            Err(error) => return Sent::Content(error),
        };
        let began = Instant::now();
        match self.line.send(&columns).await {
            Ok(row) => match Answers::of(&row) {
                Ok(answers) => {
                    meter::committed(began.elapsed(), answers.lock_wait_us);
                    Sent::Answered(answers)
                }
                // It was committed, but what was said of it cannot be read.
                Err(error) => Sent::Doubt(store_error(&error)),
            },
            Err(error) => {
                let failure = store_error(&error);
                match kind(&error) {
                    Kind::Content => Sent::Content(failure),
                    Kind::Doubt => Sent::Doubt(failure),
                    Kind::Transient | Kind::Permanent | Kind::Elsewhere => Sent::Nothing(failure),
                }
            }
        }
    }

    /// Resolves doubt by appending again, under the lock: reading would not, because a
    /// statement of a client that is gone can still commit. What cannot be told from
    /// a repeat stays unknown.
    async fn resolve(&mut self, batch: Vec<Pending>, error: StoreError) {
        tracing::warn!(target: "annals", %error, appends = batch.len(), "a batch is in doubt");
        meter::doubt(batch.len());
        let (batch, unknown): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|pending| repeatable(&pending.append));
        answer_all(unknown, &error, true);
        for _ in 0..RESENDS {
            if batch.is_empty() || self.connect().await.is_err() {
                break;
            }
            match self.send(&batch).await {
                Sent::Answered(answers) => return self.answer(batch, &answers, true),
                Sent::Content(_) => break,
                Sent::Nothing(_) | Sent::Doubt(_) => {}
            }
        }
        answer_all(batch, &error, true);
    }

    fn answer(&self, batch: Vec<Pending>, answers: &Answers, doubt: bool) {
        let mut place = 0;
        for (pending, nth) in batch.into_iter().zip(1..) {
            let answer = answers.answer(&self.shared.info, &pending.append, nth, place);
            place += pending.append.writes.len();
            if let Ok(appended) = &answer {
                for write in &appended.writes {
                    self.shared.hub.grown(write.partition, write.position);
                }
            }
            // What expects no exact version may have been refused now and still be
            // written by the first try.
            let refused =
                matches!(answer, Err(AppendError::Conflict(_) | AppendError::Diverged { .. }));
            if doubt && refused && !exact(&pending.append) {
                let text = "the first try may still be on its way";
                pending.answer(Err(AppendError::Unknown(StoreError::transient(text))));
            } else {
                pending.answer(answer);
            }
        }
    }
}

fn exact(append: &Append) -> bool {
    append.writes.iter().all(|write| write.expected.exact().is_some())
}

/// Whether appending it again is recognised as a repeat.
fn repeatable(append: &Append) -> bool {
    append.key.is_some() || exact(append)
}

/// Tells each the same.
fn answer_all(batch: Vec<Pending>, error: &StoreError, doubt: bool) {
    let (text, transient) = (error.to_string(), error.is_transient());
    for pending in batch {
        let failure = Failure::text(&*text);
        let store = if transient { StoreError::transient } else { StoreError::permanent };
        let kind = if doubt { AppendError::Unknown } else { AppendError::Store };
        pending.answer(Err(kind(store(failure))));
    }
}
