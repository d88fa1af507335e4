//! Answers that their instances could not take in.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::input::Failed;
use crate::step::Task;

/// The most answers that are kept.
const MOST: usize = 1_000;

/// The answers to commands that were carried out, and whose instances cannot be told: their
/// code panics, or the log has failed for long. When it is tried again to tell them, nobody is
/// called a second time. Beyond the first [`MOST`], and in another worker, somebody is.
pub(crate) struct Answers<R> {
    kept: Mutex<Kept<R>>,
}

/// By the key of the instance and the number of the task: the task itself, and its answer.
type Kept<R> = HashMap<(String, u32), (Task, Result<R, Failed>)>;

impl<R> Default for Answers<R> {
    fn default() -> Self {
        Self { kept: Mutex::default() }
    }
}

impl<R> Answers<R> {
    pub(super) fn keep(&self, instance: &str, task: &Task, answer: Result<R, Failed>) {
        let mut kept = self.kept();
        if kept.len() < MOST {
            kept.insert((instance.to_owned(), task.number), (task.clone(), answer));
        }
    }

    /// The answer to a command, if it was carried out here.
    pub(super) fn take(&self, instance: &str, task: &Task) -> Option<Result<R, Failed>> {
        let (of, answer) = self.kept().remove(&(instance.to_owned(), task.number))?;
        (of == *task).then_some(answer)
    }

    fn kept(&self) -> MutexGuard<'_, Kept<R>> {
        // Nothing panics in the middle of a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
