//! Versions that are held at one place.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

/// Who holds versions: one for each time that somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId(Uuid);

impl HoldId {
    /// A new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two default values must not differ")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The one with this id.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The id.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is held, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The name of the read model.
    pub name: String,
    /// Its versions.
    pub versions: [u32; 2],
    /// Who holds them.
    pub by: HoldId,
    /// After this time, by the clock of the store, both go on by themselves, unless the
    /// hold is renewed before.
    pub length: Duration,
}
