//! The snapshots of a view in memory: when they are due, and how they are saved.

use std::borrow::Cow;
use std::time::Duration;

use annals::read_model::KeyKind;
use annals::snapshot::{
    AnySnapshotStore, SnapshotFormat, SnapshotStore, StoredSnapshot, VIEW_CATEGORY,
};
use annals::{Checkpoint, Event, InvalidStreamId, LogId, StoreError, StreamId, Version};
use futures::future::BoxFuture;
use tokio::time::timeout;
use xxhash_rust::xxh3::xxh3_64;

use super::copy::{Copy, CopyError, PIECE};
use super::error::SaveError;
use crate::view_key::kind;
use crate::{Documents, View};

/// How long a store may take to save a snapshot.
const LONGEST_SAVE: Duration = Duration::from_secs(60);

/// How many events there are between two snapshots at least, where nobody says otherwise.
const FEWEST: u64 = 10_000;

/// Saves the documents of a view from time to time, one snapshot after the other.
pub(super) struct Saver<V: View> {
    pub(super) store: AnySnapshotStore,
    pub(super) stream: StreamId,
    pub(super) format: SnapshotFormat<V>,
    pub(super) fingerprint: u64,
    log: LogId,
    every: Option<u64>,
    most: usize,
    /// Which of the codecs is tried.
    codec: usize,
    /// How many events were folded since the last copy began.
    since: u64,
    /// The version of the newest snapshot that is known to be saved.
    saved: Version,
    copy: Option<Copy<V>>,
    saving: Option<BoxFuture<'static, Result<Version, SaveError>>>,
}

/// Where and how a view keeps its snapshots.
pub(super) struct Plan<V: View> {
    pub(super) store: AnySnapshotStore,
    pub(super) format: SnapshotFormat<V>,
    pub(super) every: Option<u64>,
    pub(super) most: usize,
}

impl<V: View> Saver<V> {
    pub(super) fn new(plan: Plan<V>, log: LogId) -> Result<Self, InvalidStreamId> {
        let Plan { store, format, every, most } = plan;
        let stream = StreamId::new(VIEW_CATEGORY, V::NAME)?;
        let fingerprint = fingerprint::<V>(format.fingerprint());
        let (codec, since, saved, copy, saving) = (0, 0, Version::NONE, None, None);
        Ok(Self {
            store,
            stream,
            format,
            fingerprint,
            log,
            every,
            most,
            codec,
            since,
            saved,
            copy,
            saving,
        })
    }

    /// The view continues from a snapshot of this version.
    pub(super) fn restored(&mut self, version: Version) {
        self.saved = version;
    }

    /// An event is about to change the document under this key.
    pub(super) fn before(&mut self, key: &V::Key, documents: &Documents<V>) {
        if let Some(copy) = &mut self.copy {
            copy.before(key, documents.get(key), &self.format);
        }
    }

    /// Counts what was folded, and begins a copy when one is due: as many events behind the
    /// last one as was asked for, or else as there are documents, so that each event pays
    /// for writing one document at most.
    pub(super) fn folded(&mut self, events: u64, documents: &Documents<V>, places: &[Checkpoint]) {
        self.since += events;
        let every = self.every.unwrap_or_else(|| FEWEST.max(documents.len() as u64));
        if self.since >= every && self.copy.is_none() && self.saving.is_none() {
            self.begin(documents, places.to_vec());
        }
    }

    fn begin(&mut self, documents: &Documents<V>, places: Vec<Checkpoint>) {
        self.since = 0;
        let codecs = self.format.codecs();
        let codec = codecs[self.codec.min(codecs.len() - 1)];
        self.copy = Some(Copy::begin(self.log, places, documents, codec, self.most));
    }

    pub(super) fn is_copying(&self) -> bool {
        self.copy.is_some()
    }

    /// Writes a piece of the copy under way, and begins to save it behind the last one.
    pub(super) fn piece(&mut self, documents: &Documents<V>) {
        let done =
            self.copy.as_mut().is_some_and(|copy| copy.piece(documents, &self.format, PIECE));
        if !done {
            return;
        }
        match self.copied() {
            Ok(Some(saving)) => self.saving = Some(saving),
            // Again, in the next codec.
            Ok(None) => self.since = u64::MAX / 2,
            Err(error) => warn::<V>(&error),
        }
    }

    /// What was copied, on its way to the store; `None` if another codec is to be tried.
    fn copied(
        &mut self,
    ) -> Result<Option<BoxFuture<'static, Result<Version, SaveError>>>, SaveError> {
        let Some(copy) = self.copy.take() else { return Ok(None) };
        let (places, codec) = (copy.places.clone(), copy.codec);
        let state = match copy.end() {
            Ok(state) => state,
            Err(CopyError::NotReadable) if self.codec + 1 < self.format.codecs().len() => {
                self.codec += 1;
                return Ok(None);
            }
            Err(error) => {
                self.codec = 0;
                return Err(error.told(self.most));
            }
        };
        let Some(event) = places.iter().find_map(Checkpoint::event) else { return Ok(None) };
        let (store, version, bytes) = (self.store.clone(), version(&places), state.len());
        let snapshot = StoredSnapshot {
            stream: self.stream.clone(),
            version,
            event,
            revision: V::VERSION,
            fingerprint: self.fingerprint,
            codec: Cow::Borrowed(codec.id()),
            state: state.into(),
        };
        Ok(Some(Box::pin(async move {
            let saving = timeout(LONGEST_SAVE, store.save_snapshot(snapshot));
            let silent = |_| Err(StoreError::transient("the snapshot store did not answer"));
            let saved = saving.await.unwrap_or_else(silent)?;
            let view = V::NAME;
            tracing::debug!(target: "annals", view, %codec, bytes, saved, "snapshot of a view");
            Ok(version)
        })))
    }

    /// Waits for the snapshot that is being saved; for ever where there is none.
    pub(super) async fn saving(&mut self) {
        let Some(saving) = &mut self.saving else { return std::future::pending().await };
        let saved = saving.await;
        self.saving = None;
        match saved {
            Ok(version) => self.saved = self.saved.max(version),
            Err(error) => warn::<V>(&error),
        }
    }

    /// Saves the documents as they are when no more events come, if they are newer than what
    /// is saved.
    pub(super) async fn save_at_the_end(
        &mut self,
        documents: &(impl Fn(&mut dyn FnMut(&Documents<V>)) + Sync),
        places: &[Checkpoint],
    ) -> Result<(), SaveError> {
        // Both are of an older moment than what is saved now.
        (self.copy, self.saving) = (None, None);
        if version(places) <= self.saved {
            return Ok(());
        }
        loop {
            documents(&mut |documents| self.begin(documents, places.to_vec()));
            loop {
                let mut done = true;
                documents(&mut |documents| {
                    done = self
                        .copy
                        .as_mut()
                        .is_none_or(|copy| copy.piece(documents, &self.format, PIECE));
                });
                if done {
                    break;
                }
                tokio::task::yield_now().await;
            }
            if let Some(saving) = self.copied()? {
                self.saved = saving.await?;
                return Ok(());
            }
        }
    }
}

/// How far a view has come, as one number that rises with every event: the positions in all
/// partitions, added up. Of two snapshots of one log that with the greater one has more
/// events behind it.
pub(super) fn version(places: &[Checkpoint]) -> Version {
    let sum = |sum: u64, place: &Checkpoint| sum.saturating_add(place.position().get());
    Version::new(places.iter().fold(0, sum))
}

/// Fingerprint of everything that a snapshot of the view depends on, besides its version:
/// the shape of its documents, the kind of its keys, and the names of the events that it
/// knows. Code that knows more events would otherwise believe a snapshot without them.
fn fingerprint<V: View>(shape: u64) -> u64 {
    let mut names: Vec<_> = V::Event::SCHEMAS.iter().map(|schema| schema.name).collect();
    names.sort_unstable();
    names.dedup();
    let kind = match kind::<V::Key>() {
        KeyKind::Text => "text",
        KeyKind::Integer => "integer",
        KeyKind::Uuid => "uuid",
        _ => "other",
    };
    let mut seen = shape.to_le_bytes().to_vec();
    for part in std::iter::once(kind).chain(names) {
        seen.extend_from_slice(part.as_bytes());
        seen.push(0);
    }
    xxh3_64(&seen)
}

fn warn<V: View>(error: &SaveError) {
    let (view, cause) = (V::NAME, std::error::Error::source(error).map(ToString::to_string));
    tracing::warn!(target: "annals", view, %error, cause, "no snapshot of a view");
}
