//! A sink for tests.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals::StreamId;
use tokio::sync::Notify;

use crate::{Message, NotTaken, Sink};

/// Keeps what is published in memory, and fails as it is told: for tests.
///
/// A clone is another handle.
///
/// ```
/// use annals_publisher::{MemorySink, NotTaken};
///
/// let sink = MemorySink::new();
/// sink.then(NotTaken::passing("not now")); // the next call fails, and the one behind it does not
/// sink.refuse("order-7".parse()?); // until `accept`
/// assert!(sink.published().is_empty());
/// # Ok::<_, annals::InvalidStreamId>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    state: Arc<Mutex<State>>,
    called: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    target: Option<String>,
    most: Option<usize>,
    published: Vec<Message>,
    calls: u64,
    answers: VecDeque<Answer>,
    refused: HashSet<StreamId>,
}

#[derive(Debug)]
enum Answer {
    Fail(NotTaken),
    Silence,
}

impl MemorySink {
    /// A sink that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Under another name than `memory`.
    #[must_use]
    pub fn named(self, target: impl Into<String>) -> Self {
        self.lock().target = Some(target.into());
        self
    }

    /// With so many messages a call at most, 100 by default.
    #[must_use]
    pub fn batch(self, most: usize) -> Self {
        self.lock().most = Some(most);
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is never held across an await, and nothing under it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was taken, in the order in which it was: the same message several times
    /// where it was sent several times.
    #[must_use]
    pub fn published(&self) -> Vec<Message> {
        self.lock().published.clone()
    }

    /// The versions of a stream that were taken, in the order in which they were.
    #[must_use]
    pub fn versions(&self, stream: &StreamId) -> Vec<u64> {
        let state = self.lock();
        let of_stream = state.published.iter().filter(|message| message.stream == *stream);
        of_stream.map(|message| message.version.get()).collect()
    }

    /// How often it was called.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Answers one of the next calls in this way, in the order in which this is said; it takes
    /// as many messages as the answer says.
    pub fn then(&self, answer: NotTaken) {
        self.lock().answers.push_back(Answer::Fail(answer));
    }

    /// Takes what one of the next calls brings, and never answers: whoever has called does not
    /// know that it was taken.
    pub fn then_take_in_silence(&self) {
        self.lock().answers.push_back(Answer::Silence);
    }

    /// Refuses the messages of a stream.
    pub fn refuse(&self, stream: StreamId) {
        self.lock().refused.insert(stream);
    }

    /// Takes the messages of a stream again.
    pub fn accept(&self, stream: &StreamId) {
        self.lock().refused.remove(stream);
    }

    /// Waits until it was called so often.
    pub async fn called(&self, times: u64) {
        loop {
            let mut called = std::pin::pin!(self.called.notified());
            // Before the look: what changes behind it rings.
            called.as_mut().enable();
            if self.calls() >= times {
                return;
            }
            called.await;
        }
    }

    /// What becomes of a batch; `None` is silence.
    fn answer(&self, batch: &[Message]) -> Option<Result<(), NotTaken>> {
        let mut state = self.lock();
        state.calls += 1;
        let answer = state.answers.pop_front();
        let refused = batch.iter().position(|message| state.refused.contains(&message.stream));
        let (taken, answer) = match (answer, refused) {
            (Some(Answer::Silence), _) => (batch.len(), None),
            (Some(Answer::Fail(error)), _) => (error.taken(), Some(Err(error))),
            (None, Some(nth)) => {
                (nth, Some(Err(NotTaken::refused("this stream is refused").behind(nth))))
            }
            (None, None) => (batch.len(), Some(Ok(()))),
        };
        state.published.extend(batch.iter().take(taken).cloned());
        answer
    }
}

impl Sink for MemorySink {
    fn target(&self) -> String {
        self.lock().target.clone().unwrap_or_else(|| "memory".to_owned())
    }

    fn most(&self) -> usize {
        self.lock().most.unwrap_or(100)
    }

    async fn publish(&self, batch: &[Message]) -> Result<(), NotTaken> {
        let answer = self.answer(batch);
        self.called.notify_waiters();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}
