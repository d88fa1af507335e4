//! Names of streams: a category and a key.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a stream: a category and a key, as in `account-4711`.
///
/// The category is what stands before the first `-`; the key may hold further
/// ones. Ids are compared byte for byte: no Unicode normalisation, no case
/// folding. A clone costs one atomic increment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    text: Arc<str>,
}

impl StreamId {
    /// The greatest length of a category, in bytes.
    pub const MAX_CATEGORY_BYTES: usize = 64;
    /// The greatest length of a whole id, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// The stream of `key` within `category`.
    ///
    /// # Errors
    /// An empty or overlong category or key, a `-` in the category, a NUL.
    pub fn new(category: &str, key: impl fmt::Display) -> Result<Self, InvalidStreamId> {
        // Most keys are shorter than a UUID in its usual form.
        let mut text = String::with_capacity(category.len() + 37);
        check_category(category)?;
        text.push_str(category);
        text.push('-');
        write!(text, "{key}").map_err(|_| InvalidStreamId::Unprintable)?;
        check_key(&text, category.len())?;
        Ok(Self { text: text.into() })
    }

    /// What stands before the first `-`.
    #[must_use]
    pub fn category(&self) -> &str {
        self.text.split_once('-').map_or(&*self.text, |(category, _)| category)
    }

    /// What stands behind the first `-`.
    #[must_use]
    pub fn key(&self) -> &str {
        self.text.split_once('-').map_or("", |(_, key)| key)
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Why a category would be refused; usable in constants, so that an
/// aggregate's wrong category does not compile.
pub(crate) const fn is_category(category: &str) -> bool {
    let bytes = category.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'-' || bytes[at] == 0 {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && bytes.len() <= StreamId::MAX_CATEGORY_BYTES
}

/// Whether a category is kept for annals itself, and none of an aggregate.
pub(crate) const fn is_reserved(category: &str) -> bool {
    const PREFIX: &[u8] = b"annals.";
    let bytes = category.as_bytes();
    let mut at = 0;
    while at < PREFIX.len() {
        if at == bytes.len() || bytes[at] != PREFIX[at] {
            return false;
        }
        at += 1;
    }
    true
}

fn check_category(category: &str) -> Result<(), InvalidStreamId> {
    if is_category(category) {
        return Ok(());
    }
    Err(if category.is_empty() {
        InvalidStreamId::EmptyCategory
    } else if category.len() > StreamId::MAX_CATEGORY_BYTES {
        InvalidStreamId::CategoryTooLong { bytes: category.len() }
    } else if category.contains('\0') {
        InvalidStreamId::Nul
    } else {
        InvalidStreamId::DashInCategory
    })
}

fn check_key(text: &str, category_bytes: usize) -> Result<(), InvalidStreamId> {
    if text.len() == category_bytes + 1 {
        return Err(InvalidStreamId::EmptyKey);
    }
    if text.len() > StreamId::MAX_BYTES {
        return Err(InvalidStreamId::TooLong { bytes: text.len() });
    }
    if text.as_bytes().contains(&0) {
        return Err(InvalidStreamId::Nul);
    }
    Ok(())
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (category, _) = text.split_once('-').ok_or(InvalidStreamId::NoDash)?;
        check_category(category)?;
        check_key(text, category.len())?;
        Ok(Self { text: text.into() })
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({:?})", &*self.text)
    }
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a stream was refused; nothing was read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStreamId {
    /// The category is empty.
    #[error("the category of a stream id is empty: give it a name such as `account`")]
    EmptyCategory,
    /// The category is longer than [`StreamId::MAX_CATEGORY_BYTES`].
    #[error(
        "the category of a stream id has {bytes} bytes: at most {} are allowed",
        StreamId::MAX_CATEGORY_BYTES
    )]
    CategoryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The category holds a `-`, which ends a category.
    #[error("the category of a stream id holds a `-`, which separates category and key: use `_`")]
    DashInCategory,
    /// The text to parse holds no `-`.
    #[error("a stream id is a category, a `-` and a key, as in `account-4711`: the `-` is missing")]
    NoDash,
    /// The key is empty.
    #[error("the key of a stream id is empty: it must identify one entity")]
    EmptyKey,
    /// The id is longer than [`StreamId::MAX_BYTES`].
    #[error("the stream id has {bytes} bytes: at most {} are allowed", StreamId::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The id holds a NUL, which databases cannot store.
    #[error("the stream id holds a NUL character: remove it")]
    Nul,
    /// The `Display` implementation of the key returned an error.
    #[error("the key of a stream id could not be displayed: its Display returned an error")]
    Unprintable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::VIEW_CATEGORY;

    #[test]
    fn no_aggregate_can_have_the_category_of_the_snapshots_of_views() {
        assert!(is_reserved(VIEW_CATEGORY) && is_category(VIEW_CATEGORY));
        for category in ["account", "annals", "annals_view", "Annals.view", ""] {
            assert!(!is_reserved(category), "{category}");
        }
    }
}
