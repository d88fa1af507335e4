//! From a snapshot to documents, if it may be believed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use annals::snapshot::{SnapshotStore, StoredSnapshot, UnfitSnapshot};
use annals::store::LogQuery;
use annals::{AnyStore, Checkpoint, EventStore, Partition, ReadError, StoreError, Token, Version};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{sleep, timeout};

use super::error::LocalError;
use super::frame::Parts;
use super::saver::{Saver, version};
use crate::view_key::{kind, restored};
use crate::{Documents, View};

/// How long a store may take to load a snapshot, how often it is asked, and the pause
/// between.
const LONGEST_LOAD: Duration = Duration::from_secs(30);
const LOADS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// How many partitions are looked into at a time.
const AT_A_TIME: usize = 16;

/// How many documents are read before others get their turn.
const PIECE: u64 = 256;

/// Where a view in memory has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// At the beginning of the log: there was no snapshot.
    Beginning,
    /// Behind a snapshot that had come so far.
    Snapshot(Token),
    /// At the beginning of the log: there was a snapshot, which is not believed.
    Discarded(Discarded),
}

/// Why a snapshot of a view is not believed: the whole log is read instead. It is told to
/// `tracing`, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Discarded {
    /// It is of another version of the view.
    #[error("it is of version {its} of the view, and this code is version {ours}")]
    Version {
        /// The version of the snapshot.
        its: u32,
        /// [`View::VERSION`] of this code.
        ours: u32,
    },
    /// The documents or keys have another shape, or the view knows other events.
    #[error("the shape of the documents or keys, or the events of the view, are others")]
    Shape,
    /// Its codec does not fit this code, or a document does not decode.
    #[error("{0}")]
    Unfit(#[from] UnfitSnapshot),
    /// Its bytes are not those that were written.
    #[error("it is damaged")]
    Damaged,
    /// It is of another log.
    #[error("it is of another log")]
    AnotherLog,
    /// The log does not hold its last event of a partition: it has lost its tail by a
    /// restore or a failover.
    #[error("the log does not hold its last event in partition {partition}")]
    NotInLog {
        /// The partition.
        partition: Partition,
    },
    /// The store of the snapshots failed, or did not answer.
    #[error("it could not be loaded")]
    NotLoaded,
}

/// Documents, and where they stand.
pub(super) type Restored<V> = (Documents<V>, Vec<Checkpoint>);

impl<V: View> Saver<V> {
    /// The documents of the snapshot, if there is one that fits this code and this log.
    pub(super) async fn restore(
        &mut self,
        log: &AnyStore,
    ) -> Result<(Option<Restored<V>>, Begun), LocalError> {
        let view = V::NAME;
        let stored = match self.load().await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok((None, Begun::Beginning)),
            Err(error) => {
                tracing::warn!(target: "annals", view, %error, "snapshot of a view could not be loaded: reading the whole log");
                return Ok((None, Begun::Discarded(Discarded::NotLoaded)));
            }
        };
        let read = match self.judge(&stored, log).await? {
            Ok(places) => self.documents(&stored).await.map(|documents| (documents, places)),
            Err(reason) => Err(reason),
        };
        match read {
            Ok((documents, places)) => {
                self.restored(stored.version);
                let token = Token::empty(log.log().id);
                let begun = Begun::Snapshot(places.iter().copied().fold(token, Token::with));
                Ok((Some((documents, places)), begun))
            }
            Err(reason) => {
                let version = stored.version;
                tracing::warn!(target: "annals", view, %version, %reason, "snapshot of a view discarded: reading the whole log");
                self.forget(&stored, &reason).await;
                Ok((None, Begun::Discarded(reason)))
            }
        }
    }

    async fn load(&self) -> Result<Option<StoredSnapshot>, StoreError> {
        let mut tries = 1;
        loop {
            let load = timeout(LONGEST_LOAD, self.store.load_snapshot(&self.stream));
            let silent = |_| Err(StoreError::transient("the snapshot store did not answer"));
            match load.await.unwrap_or_else(silent) {
                // To read the whole log costs more than to ask again.
                Err(error) if error.is_transient() && tries < LOADS => {
                    sleep(PAUSE * tries).await;
                    tries += 1;
                }
                loaded => return loaded,
            }
        }
    }

    /// Where the snapshot stands, if it is of this code and its events are in this log.
    async fn judge(
        &self,
        stored: &StoredSnapshot,
        log: &AnyStore,
    ) -> Result<Result<Vec<Checkpoint>, Discarded>, ReadError> {
        let (its, ours) = (stored.revision, V::VERSION);
        if its != ours {
            return Ok(Err(Discarded::Version { its, ours }));
        }
        if stored.fingerprint != self.fingerprint {
            return Ok(Err(Discarded::Shape));
        }
        let Some((header, _)) = Parts::open(&stored.state, kind::<V::Key>()) else {
            return Ok(Err(Discarded::Damaged));
        };
        let info = log.log();
        if header.log != info.id {
            return Ok(Err(Discarded::AnotherLog));
        }
        let places = header.places;
        let each = |(nth, place): (u16, &Checkpoint)| {
            place.log() == info.id && place.partition() == Partition::new(nth)
        };
        let whole = places.len() == usize::from(info.partitions.count())
            && (0..).zip(&places).all(each)
            && version(&places) == stored.version
            && stored.version > Version::NONE;
        if !whole {
            return Ok(Err(Discarded::Damaged));
        }
        let lost = lost(log, &places).await?;
        Ok(lost.map_or(Ok(places), |partition| Err(Discarded::NotInLog { partition })))
    }

    async fn documents(&self, stored: &StoredSnapshot) -> Result<Documents<V>, Discarded> {
        let (_, mut parts) =
            Parts::open(&stored.state, kind::<V::Key>()).ok_or(Discarded::Damaged)?;
        let mut documents = Documents::new();
        let mut read: u64 = 0;
        while let Some((key, bytes)) = parts.next().ok_or(Discarded::Damaged)? {
            // It calls the user's `Deserialize` and `ViewKey`.
            let one = catch_unwind(AssertUnwindSafe(|| {
                let key = restored::<V::Key>(key).ok_or(Discarded::Damaged)?;
                Ok((key, self.format.read(&stored.codec, bytes)?))
            }));
            let (key, document) = one.unwrap_or(Err(Discarded::Damaged))?;
            if documents.put(key, document).is_some() {
                return Err(Discarded::Damaged);
            }
            read += 1;
            if read.is_multiple_of(PIECE) {
                tokio::task::yield_now().await;
            }
        }
        if read == parts.documents() { Ok(documents) } else { Err(Discarded::Damaged) }
    }

    /// Deletes what would keep newer snapshots out, and leaves what other code may still
    /// believe.
    async fn forget(&self, stored: &StoredSnapshot, reason: &Discarded) {
        if matches!(reason, Discarded::Version { .. } | Discarded::Shape | Discarded::NotLoaded) {
            return;
        }
        let delete = self.store.delete_snapshot(&stored.stream, stored.version, stored.event);
        let silent = |_| Err(StoreError::transient("the snapshot store did not answer"));
        if let Err(error) = timeout(LONGEST_LOAD, delete).await.unwrap_or_else(silent) {
            let view = V::NAME;
            tracing::warn!(target: "annals", view, %error, "snapshot of a view could not be deleted");
        }
    }
}

/// A partition whose event the log does not hold.
async fn lost(log: &AnyStore, places: &[Checkpoint]) -> Result<Option<Partition>, ReadError> {
    let look = |place: Checkpoint| {
        // To read one event is enough: the store checks the checkpoint before. A standby that
        // lags has not lost what it does not hold yet.
        let mut read = log.read_all(LogQuery::resume(place).newest().limit(1));
        async move {
            match read.try_next().await {
                Ok(_) => Ok(None),
                Err(ReadError::Diverged { .. } | ReadError::BeyondEnd { .. }) => {
                    Ok(Some(place.partition()))
                }
                Err(error) => Err(error),
            }
        }
    };
    let begun = places.iter().copied().filter(|place| place.event().is_some());
    let looked = stream::iter(begun).map(look).buffered(AT_A_TIME);
    let mut looked = std::pin::pin!(looked);
    while let Some(lost) = looked.try_next().await? {
        if lost.is_some() {
            return Ok(lost);
        }
    }
    Ok(None)
}
