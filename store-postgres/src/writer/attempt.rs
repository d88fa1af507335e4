//! A try to commit a batch, and what follows from what was said of it.

use annals::store::Append;
use annals::{AppendError, StoreError};
use tokio::time::Instant;

use crate::error::same;
use crate::writer::answer::Answers;
use crate::writer::meter;
use crate::writer::{Pending, Shared};

/// How often a batch in doubt is sent again.
const RESENDS: usize = 3;

pub(super) struct Attempt {
    pub(super) batch: Vec<Pending>,
    /// How many tries before this one may have written it.
    pub(super) doubts: usize,
    /// Whether one event alone may be tried the short way, which tells nothing but
    /// success.
    pub(super) short: bool,
}

impl Attempt {
    pub(super) fn first(batch: Vec<Pending>) -> Self {
        Self { batch, doubts: 0, short: true }
    }

    /// The same, to be told whatever becomes of it.
    pub(super) fn in_full(self) -> Self {
        Self { short: false, ..self }
    }

    /// Without those whose time is over: they are answered, and not sent any more.
    pub(super) fn in_time(self) -> Self {
        let (now, doubts, short) = (Instant::now(), self.doubts, self.short);
        let (batch, late): (Vec<_>, Vec<_>) =
            self.batch.into_iter().partition(|pending| pending.deadline > now);
        for pending in late {
            let error = match doubts {
                0 => AppendError::DeadlineExceeded,
                _ => AppendError::Unknown(StoreError::transient("no answer in time")),
            };
            pending.answer(Err(error));
        }
        Self { batch, doubts, short }
    }

    /// One of the appends is to blame: each half is tried for itself, the first half
    /// first, as the last in the list.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let second = self.batch.split_off(self.batch.len() / 2);
        [Self { batch: second, ..self }, self]
    }

    /// Resolves doubt by appending again, under the lock: reading would not, because a
    /// statement of a client that is gone can still commit. What cannot be told from
    /// a repeat stays unknown, and so does what was tried often enough.
    pub(super) fn again(self, error: &StoreError) -> Option<Self> {
        let Self { batch, doubts, .. } = self;
        if doubts >= RESENDS {
            answer_all(batch, error, true);
            return None;
        }
        tracing::warn!(target: "annals", %error, appends = batch.len(), "a batch is in doubt");
        meter::doubt(batch.len());
        let (batch, unknown): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|pending| repeatable(&pending.append));
        answer_all(unknown, error, true);
        Some(Self { batch, doubts: doubts + 1, short: false })
    }

    /// Answers each append for itself.
    pub(super) fn answer(self, shared: &Shared, answers: &Answers) {
        let mut place = 0;
        for (pending, nth) in self.batch.into_iter().zip(1..) {
            let answer = answers.answer(&shared.info, &pending.append, nth, place);
            place += pending.append.writes.len();
            if let Ok(appended) = &answer {
                for write in &appended.writes {
                    shared.hub.grown(write.partition, write.position);
                }
            }
            let answer = match answer {
                Err(error) if self.doubts > 0 && !settled(&pending.append, &error) => {
                    let text = "the first try may still be on its way";
                    Err(AppendError::Unknown(StoreError::transient(text)))
                }
                answer => answer,
            };
            pending.answer(answer);
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

/// Whether what was refused now cannot be written any more by an earlier try. What
/// waits for a version that the stream has not reached yet can.
fn settled(append: &Append, error: &AppendError) -> bool {
    match error {
        AppendError::Conflict(conflict) => {
            conflict.expected.exact().is_some_and(|expected| conflict.actual > expected)
        }
        AppendError::Diverged { .. } => exact(append),
        _ => true,
    }
}

/// Tells each the same.
pub(super) fn answer_all(batch: Vec<Pending>, error: &StoreError, doubt: bool) {
    for pending in batch {
        let kind = if doubt { AppendError::Unknown } else { AppendError::Store };
        pending.answer(Err(kind(same(error))));
    }
}
