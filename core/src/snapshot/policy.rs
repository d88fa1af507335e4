//! When a snapshot is due.

use crate::fold::Replayed;
use crate::snapshot::SnapshotCodec;

/// More snapshots than this never wait: each is a whole state in memory.
const LONGEST_QUEUE: usize = 65_536;

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

    /// The codec to try first, bincode by default; a state that one cannot read
    /// back is written with the other.
    ///
    /// A state whose shape cannot be traced as a whole is written in JSON alone,
    /// whatever is asked for here: bincode writes no names, so that nobody would
    /// notice when its fields change places. Such a state has a `flatten`, a
    /// tagged or untagged enum, a `Value`, or a type that accepts few values.
    /// Where JSON cannot express it, it has no snapshots; the log warns.
    #[must_use]
    pub const fn codec(self, codec: SnapshotCodec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    /// How many snapshots may wait to be written, 64 by default: at least 1 and
    /// at most 65,536, whatever is asked for. More are dropped.
    #[must_use]
    pub const fn queue(self, snapshots: usize) -> Self {
        // `Ord::min` is no constant function.
        let queue = if snapshots < LONGEST_QUEUE { snapshots } else { LONGEST_QUEUE };
        Self { queue, ..self }
    }

    pub(super) fn is_due(&self, behind: Replayed) -> bool {
        behind.events > 0 && (behind.events >= self.events || behind.bytes >= self.bytes)
    }
}
