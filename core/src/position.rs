//! Partitions of a log, and places in their order.

use std::fmt;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::StreamId;

/// Place of an event in the order of its partition, from 1 on.
///
/// Positions rise strictly within a partition and may have gaps;
/// [`Position::START`] stands before the first event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const START: Position = Position(0);

    /// The position with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Position(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position `places` further on.
    #[must_use]
    pub const fn advanced_by(self, places: u64) -> Self {
        Position(self.0.saturating_add(places))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part of the log with a total order of its own, numbered from 0.
///
/// A stream lives in exactly one partition, [chosen by its
/// id](Partitions::of).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Partition(u16);

impl Partition {
    /// The first partition, and the only one of most logs.
    pub const FIRST: Partition = Partition(0);

    /// The partition with this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Partition(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many partitions a log has; fixed when the log is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partitions(NonZeroU16);

impl Partitions {
    /// One partition: one order over the whole log.
    pub const ONE: Partitions = Partitions(NonZeroU16::MIN);
    /// The greatest number of partitions.
    pub const MAX: u16 = 1024;

    /// This many partitions; `None` for 0 and above [`Partitions::MAX`].
    #[must_use]
    pub fn new(count: u16) -> Option<Self> {
        NonZeroU16::new(count).filter(|count| count.get() <= Self::MAX).map(Self)
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> u16 {
        self.0.get()
    }

    /// The partition in which `stream` lives.
    ///
    /// It is the XXH3 hash (64 bits, no seed) of the id's bytes, modulo the
    /// count. It never changes: logs on disk depend on it.
    #[must_use]
    pub fn of(self, stream: &StreamId) -> Partition {
        if self == Self::ONE {
            return Partition::FIRST;
        }
        let place = xxh3_64(stream.as_str().as_bytes()) % u64::from(self.0.get());
        #[expect(clippy::cast_possible_truncation, reason = "it is below a u16")]
        Partition(place as u16)
    }

    /// Every partition, in order.
    pub fn iter(self) -> impl Iterator<Item = Partition> + Send + 'static {
        (0..self.0.get()).map(Partition)
    }
}

impl Default for Partitions {
    fn default() -> Self {
        Self::ONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Logs on disk depend on these: a failure here means that streams would be
    // looked for in the wrong partition. The values are those of the reference
    // implementation of XXH3.
    #[test]
    fn the_partition_of_a_stream_is_pinned() {
        let ids = ["account-1", "account-2", "flight-2013-01-01-UA-1545-EWR", "order-ü"];
        let of = |partitions: u16| {
            let partitions = Partitions::new(partitions).unwrap();
            ids.map(|id| partitions.of(&id.parse().unwrap()).get())
        };
        assert_eq!(of(1), [0, 0, 0, 0]);
        assert_eq!(of(8), [2, 0, 7, 6]);
        assert_eq!(of(1024), [538, 968, 263, 710]);
    }
}
