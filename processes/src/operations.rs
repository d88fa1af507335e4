//! What people do about instances: look, and decide where one waits for a decision.

use annals::store::kept_time;
use annals::{
    AnyStore, Clock, DecodeError, EventStore, InvalidStreamId, ReadError, ReadModelStore,
    StoreError, StreamId, SystemClock, Token,
};
use annals_projections::{QueryError, Views};

use crate::book::Book;
use crate::engine::{GO_ON, shortened};
use crate::instances::category;
use crate::kept::{Kept, KeptError};
use crate::overview::Overview;
use crate::step::{Closed, Decision, Phase, Step, Taken, Task, What};

/// How often a decision is made again because the instance has moved meanwhile.
const CONFLICTS: u32 = 20;

/// What is known of processes, and what people decide about them. It needs no code of the
/// processes.
///
/// A clone is another handle.
#[derive(Debug, Clone)]
pub struct ProcessOperations {
    pub(crate) log: AnyStore,
    pub(crate) views: Views,
}

impl ProcessOperations {
    /// The processes of this log, whose overview is kept in these read models.
    pub fn new(log: impl EventStore, models: impl ReadModelStore) -> Self {
        Self { log: log.erased(), views: Views::new(models) }
    }

    /// What is known of an instance; `None` if it has not begun.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn instance(&self, process: &str, key: &str) -> Result<Option<Overview>, QueryError> {
        self.views.get::<Overview>(&format!("{process}/{key}")).await
    }

    /// The instances of a process behind a key, in the order of their keys; from the beginning
    /// with `None`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn instances(
        &self,
        process: &str,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<(String, Overview)>, QueryError> {
        let before = format!("{process}/");
        let after = format!("{before}{}", after.unwrap_or_default());
        let page = self.views.page::<Overview>(Some(&after), limit).await?;
        let own = page
            .into_iter()
            .filter_map(|(key, overview)| Some((key.strip_prefix(&before)?.to_owned(), overview)));
        Ok(own.collect())
    }

    /// Decides about an instance, with a note why. Where it
    /// [waits for a decision](Book::is_parked), what failed is tried again, or left out;
    /// any instance that is not over can be abandoned: then nothing more is done or undone.
    ///
    /// A worker goes on with it. The answer is for reading one's own write.
    ///
    /// # Errors
    /// See [`DecideError`]; nothing was decided then.
    pub async fn decide(
        &self,
        process: &str,
        key: &str,
        decision: Decision,
        note: &str,
    ) -> Result<Token, DecideError> {
        let stream = StreamId::new(&category(process), key)?;
        for _ in 0..CONFLICTS {
            let kept = Kept::read(&self.log, &stream).await?;
            if !kept.has_begun() {
                return Err(DecideError::Unknown);
            }
            let step = decided(&kept.book, decision, note)?;
            if let Some(token) = kept.go_on(&self.log, step).await? {
                return Ok(token);
            }
        }
        Err(DecideError::Contended)
    }
}

/// The step of a decision.
fn decided(book: &Book, decision: Decision, note: &str) -> Result<Step, DecideError> {
    if book.phase.is_over() {
        return Err(DecideError::Over);
    }
    let waits = |task: &&Task| matches!(task.what, What::Decision { .. });
    let waiting: Vec<&Task> = book.open.values().filter(waits).collect();
    let closed = waiting.iter().map(|task| task.closed()).collect();
    let now = kept_time(SystemClock.now());
    let numbered = |(at, (key, kind, what)): (u32, (Option<u32>, String, What))| {
        let number = book.next().saturating_add(at);
        Task { number, key: key.unwrap_or(number), kind, due: now, what }
    };
    let opened: Vec<_> = match decision {
        Decision::Abandon => return Ok(abandoned(book, note)),
        _ if waiting.is_empty() => return Err(DecideError::NothingToDecide),
        Decision::Retry => waiting.into_iter().filter_map(again).collect(),
        Decision::Resume => vec![(None, GO_ON.to_owned(), What::GoOn)],
    };
    let opened = (0..).zip(opened).map(numbered).collect();
    Ok(by_a_person(decision, note, opened, closed, None))
}

/// The step by which an instance that is not over ends as it is.
pub(crate) fn abandoned(book: &Book, note: &str) -> Step {
    let closed = book.open.values().map(Task::closed).collect();
    by_a_person(Decision::Abandon, note, Vec::new(), closed, Some(Phase::Abandoned))
}

fn by_a_person(
    decision: Decision,
    note: &str,
    opened: Vec<Task>,
    closed: Vec<Closed>,
    phase: Option<Phase>,
) -> Step {
    let input = Taken::Person { decision, note: shortened(note) };
    Step { input, opened, closed, undo: Vec::new(), undone: 0, phase }
}

/// The command that failed, as the same command.
fn again(task: &Task) -> Option<(Option<u32>, String, What)> {
    let What::Decision { command, kind, undoes, .. } = &task.what else { return None };
    let what = What::Command { command: command.clone(), undoes: *undoes };
    Some((Some(task.key), kind.clone(), what))
}

/// Why nothing was decided about an instance.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// The key cannot name an instance.
    #[error(transparent)]
    Key(#[from] InvalidStreamId),
    /// No such instance has begun. Look at the name of the process and the key.
    #[error("no such instance has begun")]
    Unknown,
    /// The instance is over.
    #[error("the instance is over")]
    Over,
    /// The instance does not wait for a decision: it goes on by itself. It can only be
    /// abandoned.
    #[error("the instance does not wait for a decision; it can only be abandoned")]
    NothingToDecide,
    /// The instance keeps moving. Try again.
    #[error("the instance keeps moving: try again")]
    Contended,
    /// A step of the instance was written by newer code.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log failed. Whether the decision was written is not known: look, and decide again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<KeptError> for DecideError {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Decode(error) => error.into(),
            KeptError::Read(error) => error.into(),
        }
    }
}
