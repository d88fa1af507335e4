//! What a memory store can be told when it is made.

use std::sync::Arc;

use annals::store::{Limits, LogInfo};
use annals::{Clock, Codec, LogId, Partitions, SystemClock};

use crate::MemoryStore;

/// Makes a [`MemoryStore`] that differs from the default.
pub struct MemoryStoreBuilder {
    info: LogInfo,
    clock: Arc<dyn Clock>,
}

impl MemoryStoreBuilder {
    pub(crate) fn new() -> Self {
        Self { info: LogInfo::new(LogId::new()), clock: Arc::new(SystemClock) }
    }

    /// The number of partitions, each with an order of its own; 1 by default.
    ///
    /// # Panics
    /// The number is 0 or above [`Partitions::MAX`].
    #[must_use]
    #[track_caller]
    pub fn partitions(mut self, count: u16) -> Self {
        let partitions = Partitions::new(count);
        #[expect(clippy::expect_used, reason = "a wrong constant in the caller's set-up")]
        let partitions = partitions.expect("a log has 1 to 1024 partitions");
        self.info.partitions = partitions;
        self
    }

    /// The codec in which repositories write payloads; JSON by default.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.info.codec = codec;
        self
    }

    /// What an append may hold.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.info.limits = limits;
        self
    }

    /// Where the times of recording come from; the machine's clock by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The store, empty.
    #[must_use]
    pub fn build(self) -> MemoryStore {
        MemoryStore::with(self.info, self.clock)
    }
}

impl std::fmt::Debug for MemoryStoreBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStoreBuilder").field("info", &self.info).finish_non_exhaustive()
    }
}
