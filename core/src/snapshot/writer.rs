//! The task that writes snapshots, off the path of every command.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{self, Permit, Sender, error::TrySendError};
use tokio::sync::oneshot;

use crate::snapshot::{AnySnapshotStore, SnapshotCodec, SnapshotStore, StoredSnapshot};
use crate::{Aggregate, EventId, StoreError, StreamId, Version};

/// How long a snapshot may hold up those behind it.
const LONGEST_SAVE: Duration = Duration::from_secs(10);

/// A state to be saved.
pub(crate) struct Job<A> {
    pub(crate) stream: StreamId,
    pub(crate) version: Version,
    pub(crate) event: EventId,
    pub(crate) fingerprint: u64,
    pub(crate) state: A,
}

enum Message<A> {
    Save(Job<A>),
    Flush(oneshot::Sender<()>),
}

/// Encodes a state, and says in which of the codecs.
type Encode<A> = fn(&[SnapshotCodec], &A) -> Option<(SnapshotCodec, Vec<u8>)>;

/// A bounded queue, and the task that empties it. The task is started by the
/// first snapshot, ends with the last handle of its repository, and is started
/// again if the runtime that ran it has ended.
pub(crate) struct Writer<A> {
    context: Context,
    queue: usize,
    encode: Encode<A>,
    sender: Mutex<Option<Sender<Message<A>>>>,
}

#[derive(Clone)]
struct Context {
    store: AnySnapshotStore,
    /// Those which the state may be written in.
    codecs: &'static [SnapshotCodec],
    /// Streams whose snapshot is queued: a hot aggregate offers one with every
    /// command until the first is saved.
    queued: Arc<Mutex<HashSet<StreamId>>>,
}

impl Context {
    fn queued(&self) -> MutexGuard<'_, HashSet<StreamId>> {
        // Each change is one call of the set, which leaves it whole.
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Aggregate> Writer<A> {
    pub(crate) fn new(
        store: AnySnapshotStore,
        codecs: &'static [SnapshotCodec],
        queue: usize,
    ) -> Self
    where
        A: Serialize + DeserializeOwned,
    {
        let context = Context { store, codecs, queued: Arc::default() };
        Self { context, queue: queue.max(1), encode: encode::<A>, sender: Mutex::default() }
    }

    /// Queues a snapshot; `false` if the queue is full, in which case it is
    /// never made.
    pub(crate) fn queue(&self, stream: &StreamId, job: impl FnOnce() -> Job<A>) -> bool {
        if self.context.queued().contains(stream) {
            return false;
        }
        let sender = self.sender();
        match sender.try_reserve() {
            Ok(permit) => {
                // It calls the user's `Clone`, on the path of a command that may
                // have committed. Nothing of ours has changed yet.
                let Ok(job) = catch_unwind(AssertUnwindSafe(job)) else {
                    tracing::warn!(target: "annals", %stream, "no snapshot: cloning the state panicked");
                    return false;
                };
                self.context.queued().insert(stream.clone());
                Permit::send(permit, Message::Save(job));
                true
            }
            Err(TrySendError::Full(()) | TrySendError::Closed(())) => {
                tracing::debug!(target: "annals", %stream, "snapshot dropped: the queue is full");
                false
            }
        }
    }

    /// Waits until what is queued now is done.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        let sender = self.lock().clone();
        if let Some(sender) = sender {
            // A closed queue is an empty one: its runtime has ended.
            if sender.send(Message::Flush(done)).await.is_ok() {
                wait.await.ok();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Sender<Message<A>>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self) -> Sender<Message<A>> {
        let mut slot = self.lock();
        if let Some(sender) = slot.as_ref().filter(|sender| !sender.is_closed()) {
            return sender.clone();
        }
        self.context.queued().clear();
        let (sender, mut receiver) = mpsc::channel(self.queue);
        let (context, encode) = (self.context.clone(), self.encode);
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                match message {
                    Message::Save(job) => save(&context, encode, job).await,
                    // Whoever asked may have gone.
                    Message::Flush(done) => drop(done.send(())),
                }
            }
        });
        slot.insert(sender).clone()
    }
}

async fn save<A: Aggregate>(context: &Context, encode: Encode<A>, job: Job<A>) {
    let Job { stream, version, event, fingerprint, state } = job;
    match encode(context.codecs, &state) {
        None => {
            tracing::warn!(target: "annals", %stream, "no snapshot: the state cannot be read back by any codec");
        }
        Some((codec, state)) => {
            let bytes = state.len();
            let snapshot = StoredSnapshot {
                stream: stream.clone(),
                version,
                event,
                revision: A::REVISION,
                fingerprint,
                codec: Cow::Borrowed(codec.id()),
                state: state.into(),
            };
            let save = tokio::time::timeout(LONGEST_SAVE, context.store.save_snapshot(snapshot));
            let silent = |_| Err(StoreError::transient("the snapshot store did not answer"));
            match save.await.unwrap_or_else(silent) {
                Ok(saved) => {
                    tracing::debug!(target: "annals", %stream, %version, %codec, bytes, saved, "snapshot");
                }
                Err(error) => {
                    tracing::warn!(target: "annals", %stream, %error, "snapshot could not be saved");
                }
            }
        }
    }
    context.queued().remove(&stream);
}

/// Encodes a state with the first codec that reads it back.
fn encode<A: Serialize + DeserializeOwned>(
    codecs: &[SnapshotCodec],
    state: &A,
) -> Option<(SnapshotCodec, Vec<u8>)> {
    codecs.iter().find_map(|codec| Some((*codec, codec.encode_readable(state)?)))
}
