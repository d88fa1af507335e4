//! What a log is and takes.

use crate::{Codec, LogId, Partitions};

/// What a store tells about its log. Stores make one with [`LogInfo::new`] and
/// set the fields that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogInfo {
    /// The identity of the log.
    pub id: LogId,
    /// How many partitions it has.
    pub partitions: Partitions,
    /// The codec in which new payloads should be written.
    pub codec: Codec,
    /// What an append may hold.
    pub limits: Limits,
}

impl LogInfo {
    /// A log with one partition, JSON payloads and the default limits.
    #[must_use]
    pub fn new(id: LogId) -> Self {
        Self {
            id,
            partitions: Partitions::default(),
            codec: Codec::default(),
            limits: Limits::default(),
        }
    }
}

/// What an append may hold; whatever is beyond is refused before it is
/// written, with [`InvalidAppend`](crate::store::InvalidAppend).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Events in one append.
    pub events: usize,
    /// Bytes of one payload.
    pub payload_bytes: usize,
    /// Bytes of all texts in the metadata of one event.
    pub metadata_bytes: usize,
    /// Bytes of all payloads and metadata of one append.
    pub append_bytes: usize,
}

impl Default for Limits {
    /// 4,096 events, 1 MiB a payload, 16 KiB of metadata, 16 MiB an append.
    fn default() -> Self {
        Self {
            events: 4_096,
            payload_bytes: 1 << 20,
            metadata_bytes: 16 << 10,
            append_bytes: 16 << 20,
        }
    }
}
