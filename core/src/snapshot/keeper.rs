//! The snapshots of one repository: when they are due, and whether they may be
//! believed.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::fold::Folded;
use crate::snapshot::writer::{Job, Writer};
use crate::snapshot::{
    AnySnapshotStore, SnapshotFormat, SnapshotPolicy, SnapshotStore, StoredSnapshot,
};
use crate::{Aggregate, EventId, StoreError, StreamId, Version};

/// How long a call waits for the snapshot store before it reads all events.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What a repository does with snapshots. The functions are captured where the
/// state is known to serialize, so that a repository without snapshots does not
/// ask for it.
pub(crate) struct Snapshots<A> {
    store: AnySnapshotStore,
    policy: SnapshotPolicy,
    format: SnapshotFormat<A>,
    clone: fn(&A) -> A,
    writer: Writer<A>,
}

impl<A: Aggregate> Snapshots<A> {
    pub(crate) fn new(store: impl SnapshotStore, policy: SnapshotPolicy) -> Self
    where
        A: Clone + Serialize + DeserializeOwned,
    {
        let store = AnySnapshotStore::new(store);
        let format = SnapshotFormat::of(&A::default(), policy.codec);
        let codecs = format.codecs();
        if let Some(wanted) = policy.codec.filter(|wanted| !codecs.contains(wanted)) {
            let category = A::CATEGORY;
            tracing::warn!(target: "annals", category, %wanted, "snapshots are written in json: the shape of the state cannot be traced");
        }
        Self {
            writer: Writer::new(store.clone(), codecs, policy.queue),
            store,
            policy,
            format,
            clone: A::clone,
        }
    }

    /// The state of the stream's snapshot, if it fits this code. Whether the
    /// stream holds its last event is for the caller to see.
    pub(crate) async fn restore(&self, stream: &StreamId, deadline: Instant) -> Restored<A> {
        let stored = match patiently(deadline, self.store.load_snapshot(stream)).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Restored::Nothing,
            Err(error) => {
                tracing::warn!(target: "annals", %stream, %error, "snapshot could not be loaded: reading all events");
                return Restored::Nothing;
            }
        };
        let StoredSnapshot { version, event, .. } = stored;
        match self.read(&stored) {
            Ok(state) => Restored::State(Folded::at(state, version, Some(event))),
            Err(reason) => {
                tracing::warn!(target: "annals", %stream, %version, %reason, "snapshot discarded: reading all events");
                Restored::Unfit { version, event }
            }
        }
    }

    fn read(&self, stored: &StoredSnapshot) -> Result<A, String> {
        if stored.version == Version::NONE {
            return Err("it is of no version".to_owned());
        }
        if stored.revision != A::REVISION {
            let (its, ours) = (stored.revision, A::REVISION);
            return Err(format!("its revision is {its}, the aggregate's is {ours}"));
        }
        if stored.fingerprint != self.format.fingerprint() {
            return Err("the shape of the state is another one".to_owned());
        }
        self.format.read(&stored.codec, &stored.state).map_err(|error| error.to_string())
    }

    /// Queues a snapshot of a committed state, if one is due.
    pub(crate) fn offer(&self, stream: &StreamId, folded: &mut Folded<A>) {
        let Some(event) = folded.last else { return };
        if folded.skipped || !self.policy.is_due(folded.since_snapshot) {
            return;
        }
        let job = || Job {
            stream: stream.clone(),
            version: folded.version,
            event,
            fingerprint: self.format.fingerprint(),
            state: (self.clone)(&folded.state),
        };
        if self.writer.queue(stream, job) {
            folded.since_snapshot = Default::default();
        }
    }

    /// Counts from here on what was folded behind a snapshot, if one of this
    /// state will be due when it is committed: the states which follow it are
    /// not to be saved, too.
    pub(crate) fn foresee(&self, folded: &mut Folded<A>) {
        if !folded.skipped && self.policy.is_due(folded.since_snapshot) {
            folded.since_snapshot = Default::default();
        }
    }

    /// Deletes a snapshot of a history that the log does not hold: it would keep
    /// newer ones out until the stream has passed its version.
    pub(crate) async fn discard(
        &self,
        stream: &StreamId,
        version: Version,
        event: EventId,
        deadline: Instant,
    ) {
        tracing::warn!(target: "annals", %stream, %version, "snapshot discarded: the log does not hold its last event");
        let delete = self.store.delete_snapshot(stream, version, event);
        if let Err(error) = patiently(deadline, delete).await {
            tracing::warn!(target: "annals", %stream, %error, "snapshot could not be deleted");
        }
    }

    pub(crate) async fn flush(&self) {
        self.writer.flush().await;
    }
}

/// What became of a stream's snapshot.
pub(crate) enum Restored<A> {
    /// There is none that could be loaded.
    Nothing,
    /// It fits this code.
    State(Folded<A>),
    /// It was written by other code, or is damaged.
    Unfit { version: Version, event: EventId },
}

/// Waits for the snapshot store, but never so long that the events could not be
/// read before the deadline.
async fn patiently<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let silent = |_| Err(StoreError::transient("the snapshot store did not answer"));
    tokio::time::timeout(LONGEST_WAIT.min(left / 4), work).await.unwrap_or_else(silent)
}
