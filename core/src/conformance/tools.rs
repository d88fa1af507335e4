//! What the cases have in common besides the log.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::Poll;

use futures::future::join_all;

use crate::store::{Appended, IdempotencyKey};

/// After this many polls an append that is not done is waiting for something
/// that more polls do not bring nearer.
pub(super) const POLLS: usize = 12;

/// Polls at most this many times, whenever the future asks for it; `None` if it
/// is not done by then. The caller drops the future, or keeps it waiting.
pub(super) async fn polled<Running: Future>(
    times: usize,
    future: &mut Pin<Box<Running>>,
) -> Option<Running::Output> {
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs all of them at once, on tasks, and returns what each of them returns.
pub(super) async fn at_once<Running>(
    tasks: impl IntoIterator<Item = Running>,
) -> Vec<Running::Output>
where
    Running: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let ends = join_all(tasks).await.into_iter();
    ends.map(|end| end.unwrap_or_else(|error| resume_unwind(error.into_panic()))).collect()
}

pub(super) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("a key")
}

/// Fails unless `repeat` says that it is a repeat, and the same as `first`.
#[track_caller]
pub(super) fn assert_repeats(repeat: &Appended, first: &Appended) {
    assert!(repeat.repeated, "a repeat says that it is one");
    assert_eq!(*repeat, first.clone().repeated(), "a repeat has the first outcome");
}
