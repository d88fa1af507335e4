//! The bytes of a snapshot: where the view stands, its documents, and a hash of it all.
//!
//! Each part stands behind its length; the last 16 bytes are the number of documents and the
//! hash of everything before. So a snapshot that was cut or changed is noticed before a
//! document is read, which bincode alone would not do.

use annals::read_model::{DocumentKey, KeyKind};
use annals::{Checkpoint, LogId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// Where the documents stand: one place for each partition.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) log: LogId,
    pub(super) places: Vec<Checkpoint>,
}

/// How many bytes stand behind the documents.
const TAIL: usize = 16;

/// A snapshot that is being written.
pub(super) struct Frames {
    bytes: Vec<u8>,
    documents: u64,
}

impl Frames {
    /// `None` where a header cannot be written, which is never so.
    pub(super) fn begin(header: &Header) -> Option<Self> {
        let mut frames = Self { bytes: Vec::new(), documents: 0 };
        frames.part(&serde_json::to_vec(header).ok()?)?;
        Some(frames)
    }

    fn part(&mut self, bytes: &[u8]) -> Option<()> {
        let length = u32::try_from(bytes.len()).ok()?;
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(bytes);
        Some(())
    }

    /// `None` where a part is longer than 4 GiB.
    pub(super) fn document(&mut self, key: &DocumentKey, document: &[u8]) -> Option<()> {
        match key {
            DocumentKey::Text(text) => self.part(text.as_bytes())?,
            DocumentKey::Integer(number) => self.part(&number.to_le_bytes())?,
            DocumentKey::Uuid(uuid) => self.part(uuid.as_bytes())?,
        }
        self.part(document)?;
        self.documents += 1;
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() + TAIL
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&self.documents.to_le_bytes());
        let hash = xxh3_64(&self.bytes);
        self.bytes.extend_from_slice(&hash.to_le_bytes());
        self.bytes
    }
}

/// A snapshot that is being read. `None` from any of its functions: it is damaged.
pub(super) struct Parts<'b> {
    rest: &'b [u8],
    kind: KeyKind,
    documents: u64,
}

impl<'b> Parts<'b> {
    pub(super) fn open(bytes: &'b [u8], kind: KeyKind) -> Option<(Header, Self)> {
        let (counted, hash) = bytes.split_last_chunk::<8>()?;
        if xxh3_64(counted) != u64::from_le_bytes(*hash) {
            return None;
        }
        let (rest, documents) = counted.split_last_chunk::<8>()?;
        let mut parts = Self { rest, kind, documents: u64::from_le_bytes(*documents) };
        let header = serde_json::from_slice(parts.part()?).ok()?;
        Some((header, parts))
    }

    fn part(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(part)
    }

    /// How many documents it should hold.
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    /// The next document; `Some(None)` behind the last one.
    pub(super) fn next(&mut self) -> Option<Option<(DocumentKey, &'b [u8])>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let key = self.part()?;
        let key = match self.kind {
            KeyKind::Text => DocumentKey::Text(str::from_utf8(key).ok()?.to_owned()),
            KeyKind::Integer => DocumentKey::Integer(i64::from_le_bytes(key.try_into().ok()?)),
            KeyKind::Uuid => DocumentKey::Uuid(Uuid::from_slice(key).ok()?),
            _ => return None,
        };
        Some(Some((key, self.part()?)))
    }
}
