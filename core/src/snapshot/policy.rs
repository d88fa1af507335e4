//! When a snapshot is due.

use crate::fold::Replayed;
use crate::snapshot::SnapshotCodec;

/// When a snapshot is taken, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotPolicy {
    events: u64,
    bytes: u64,
    pub(super) codec: Option<SnapshotCodec>,
    pub(super) queue: usize,
}

impl SnapshotPolicy {
    const NEITHER: Self = Self { events: u64::MAX, bytes: u64::MAX, codec: None, queue: 64 };

    /// A snapshot as soon as this many events would have to be read behind the
    /// last one; 0 counts as 1.
    #[must_use]
    pub const fn every(events: u64) -> Self {
        Self { events, ..Self::NEITHER }
    }

    /// A snapshot by cost: as soon as payloads of this many bytes would have to
    /// be read behind the last one.
    #[must_use]
    pub const fn every_bytes(bytes: u64) -> Self {
        Self { bytes, ..Self::NEITHER }
    }

    /// Also as soon as this many events would have to be read.
    #[must_use]
    pub const fn or_every(self, events: u64) -> Self {
        Self { events, ..self }
    }

    /// The codec to try first. By default it is bincode where the whole shape of
    /// the state can be traced, and JSON elsewhere; a state that one cannot read
    /// back is written with the other.
    #[must_use]
    pub const fn codec(self, codec: SnapshotCodec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    /// How many snapshots may wait to be written, at least 1; 64 by default.
    /// More are dropped.
    #[must_use]
    pub const fn queue(self, snapshots: usize) -> Self {
        Self { queue: snapshots, ..self }
    }

    pub(super) fn is_due(&self, behind: Replayed) -> bool {
        behind.events > 0 && (behind.events >= self.events || behind.bytes >= self.bytes)
    }
}
