//! The documents of one moment, written piece by piece while events go on.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use annals::snapshot::{SnapshotCodec, SnapshotFormat};
use annals::{Checkpoint, LogId};

use super::error::SaveError;
use super::frame::{Frames, Header};
use crate::view_key::{restored, stored};
use crate::{Documents, View};

/// The most documents and bytes of a piece: what an event waits for at most, besides one
/// document.
pub(super) const PIECE: usize = 256;
const PIECE_BYTES: usize = 64 << 10;

/// Writes the documents as they were when it began, in the order of their keys, a piece at a
/// time. A document that an event is about to change is written before, out of its turn: so
/// nothing is copied that is not written, and events wait for one piece at most.
pub(super) struct Copy<V: View> {
    pub(super) places: Vec<Checkpoint>,
    pub(super) codec: SnapshotCodec,
    frames: Option<Frames>,
    /// Everything up to here is written.
    written: Option<V::Key>,
    /// The last document there was; later ones are new.
    last: Option<V::Key>,
    /// Keys between the two that were written out of their turn, or had no document.
    early: BTreeSet<V::Key>,
    failed: Option<CopyError>,
    most: usize,
}

/// Why a copy is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CopyError {
    /// Another codec may do.
    NotReadable,
    TooLarge,
}

impl CopyError {
    pub(super) fn told(self, most: usize) -> SaveError {
        match self {
            CopyError::NotReadable => SaveError::NotReadable,
            CopyError::TooLarge => SaveError::TooLarge { most },
        }
    }
}

impl<V: View> Copy<V> {
    pub(super) fn begin(
        log: LogId,
        places: Vec<Checkpoint>,
        documents: &Documents<V>,
        codec: SnapshotCodec,
        most: usize,
    ) -> Self {
        let header = Header { log, places };
        let frames = Frames::begin(&header);
        let failed = frames.is_none().then_some(CopyError::NotReadable);
        let last = documents.last_key().cloned();
        let (written, early) = (None, BTreeSet::new());
        Self { places: header.places, codec, frames, written, last, early, failed, most }
    }

    /// An event is about to change what stands under this key.
    pub(super) fn before(
        &mut self,
        key: &V::Key,
        document: Option<&V>,
        format: &SnapshotFormat<V>,
    ) {
        let is_new = self.last.as_ref().is_none_or(|last| key > last);
        let is_written = self.written.as_ref().is_some_and(|written| key <= written);
        if is_new || is_written || !self.early.insert(key.clone()) {
            return;
        }
        if let Some(document) = document {
            self.write(key, document, format);
        }
    }

    /// Writes the next piece, of so many documents; returns whether it was the last one.
    pub(super) fn piece(
        &mut self,
        documents: &Documents<V>,
        format: &SnapshotFormat<V>,
        most: usize,
    ) -> bool {
        let Some(last) = self.last.clone() else { return true };
        let enough = self.frames.as_ref().map_or(0, Frames::len) + PIECE_BYTES;
        let behind = self.written.clone();
        let mut next = documents.between(behind.as_ref(), &last);
        for _ in 0..most {
            let Some((key, document)) = next.next() else { return true };
            if !self.early.remove(key) {
                self.write(key, document, format);
            }
            self.written = Some(key.clone());
            let large = self.frames.as_ref().is_none_or(|frames| frames.len() > enough);
            if self.failed.is_some() || large {
                break;
            }
        }
        self.failed.is_some()
    }

    fn write(&mut self, key: &V::Key, document: &V, format: &SnapshotFormat<V>) {
        let codec = self.codec;
        // It calls the user's `Serialize`, `Deserialize` and `ViewKey`.
        let written = catch_unwind(AssertUnwindSafe(|| {
            let kept = stored(key);
            let comes_back = restored::<V::Key>(kept.clone()).as_ref() == Some(key);
            comes_back.then(|| format.write(codec, document)).flatten().map(|bytes| (kept, bytes))
        }));
        let Some(frames) = &mut self.frames else { return };
        let added = written.ok().flatten().and_then(|(key, bytes)| frames.document(&key, &bytes));
        let failed = match added {
            None => CopyError::NotReadable,
            Some(()) if frames.len() > self.most => CopyError::TooLarge,
            Some(()) => return,
        };
        self.failed = Some(failed);
        // Nobody needs the bytes any more.
        self.frames = None;
    }

    /// The snapshot, when the last piece is written.
    pub(super) fn end(self) -> Result<Vec<u8>, CopyError> {
        match (self.failed, self.frames) {
            (None, Some(frames)) => Ok(frames.end()),
            (failed, _) => Err(failed.unwrap_or(CopyError::NotReadable)),
        }
    }
}
