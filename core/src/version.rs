//! Versions of a stream, and what a writer believes about them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::StreamId;

/// Place of an event in its stream: 1, 2, 3 and so on, without holes.
///
/// As the version of a stream it is the number of its events;
/// [`Version::NONE`] is the version of a stream that does not exist.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a stream without events.
    pub const NONE: Version = Version(0);
    /// The version of the first event.
    pub const FIRST: Version = Version(1);

    /// The version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Version(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version of the event that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Version(self.0.saturating_add(1))
    }

    /// The version after `events` more events.
    #[must_use]
    pub const fn advanced_by(self, events: u64) -> Self {
        Version(self.0.saturating_add(events))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Version(number)
    }
}

/// What a writer believes about a stream; the store appends only if it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpectedVersion {
    /// No belief: append behind whatever is there.
    Any,
    /// The stream has no events yet.
    NoStream,
    /// The stream has at least one event.
    Exists,
    /// The stream is at exactly this version; `Exactly(Version::NONE)` and
    /// [`NoStream`](ExpectedVersion::NoStream) mean the same.
    Exactly(Version),
}

impl ExpectedVersion {
    /// Whether a stream at version `actual` is as expected.
    #[must_use]
    pub fn holds(self, actual: Version) -> bool {
        match self {
            ExpectedVersion::Any => true,
            ExpectedVersion::NoStream => actual == Version::NONE,
            ExpectedVersion::Exists => actual > Version::NONE,
            ExpectedVersion::Exactly(version) => actual == version,
        }
    }

    /// The one version that is expected, if it is only one.
    #[must_use]
    pub fn exact(self) -> Option<Version> {
        match self {
            ExpectedVersion::NoStream => Some(Version::NONE),
            ExpectedVersion::Exactly(version) => Some(version),
            ExpectedVersion::Any | ExpectedVersion::Exists => None,
        }
    }
}

impl From<Version> for ExpectedVersion {
    fn from(version: Version) -> Self {
        ExpectedVersion::Exactly(version)
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpectedVersion::Any => f.write_str("any version"),
            ExpectedVersion::NoStream => f.write_str("no stream"),
            ExpectedVersion::Exists => f.write_str("an existing stream"),
            ExpectedVersion::Exactly(version) => write!(f, "version {version}"),
        }
    }
}

/// The stream was not where the writer believed it to be; nothing was written.
///
/// Load again, decide again, and append with the new version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stream `{stream}` is at version {actual}, not at {expected}: load it and decide again")]
pub struct Conflict {
    /// The stream that had moved.
    pub stream: StreamId,
    /// What the writer believed.
    pub expected: ExpectedVersion,
    /// The version at which the stream was when the append was refused, earlier
    /// writes of the same append to the same stream included.
    pub actual: Version,
}
