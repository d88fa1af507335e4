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

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::step::What;

    fn task(number: u32, key: u32) -> Task {
        let what = What::GoOn;
        Task { number, key, kind: "payment".to_owned(), due: OffsetDateTime::UNIX_EPOCH, what }
    }

    #[test]
    fn an_answer_is_given_to_its_own_command_once() {
        let answers = Answers::default();
        answers.keep("1", &task(3, 3), Ok("paid"));
        assert_eq!(answers.take("2", &task(3, 3)), None);
        assert_eq!(answers.take("1", &task(4, 3)), None);
        assert_eq!(answers.take("1", &task(3, 3)), Some(Ok("paid")));
        assert_eq!(answers.take("1", &task(3, 3)), None);
        // The log has lost its tail, and the number is another command's.
        answers.keep("1", &task(3, 3), Ok("paid"));
        assert_eq!(answers.take("1", &task(3, 1)), None);
    }

    #[test]
    fn answers_are_kept_up_to_a_limit() {
        let answers = Answers::default();
        for number in 0..=MOST {
            answers.keep(&number.to_string(), &task(0, 0), Ok(number));
        }
        assert_eq!(answers.take(&MOST.to_string(), &task(0, 0)), None);
        assert_eq!(answers.take("0", &task(0, 0)), Some(Ok(0)));
        answers.keep(&MOST.to_string(), &task(0, 0), Ok(MOST));
        assert_eq!(answers.take(&MOST.to_string(), &task(0, 0)), Some(Ok(MOST)));
    }
}
