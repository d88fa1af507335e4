//! What a document is found by, as it is stored.

use std::fmt;

use uuid::Uuid;

/// The greatest length of a text that is a key, in bytes: an index of `PostgreSQL` takes
/// a third of a page of 8 KiB, uncompressed.
pub const MAX_KEY_BYTES: usize = 2_000;

/// The type of the column that holds the keys of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Texts, compared byte for byte.
    Text,
    /// Integers of 64 bits with a sign.
    Integer,
    /// UUIDs.
    Uuid,
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKey {
    /// A text; see [`check`](Self::check).
    Text(String),
    /// An integer.
    Integer(i64),
    /// A UUID.
    Uuid(Uuid),
}

impl DocumentKey {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self {
            DocumentKey::Text(_) => KeyKind::Text,
            DocumentKey::Integer(_) => KeyKind::Integer,
            DocumentKey::Uuid(_) => KeyKind::Uuid,
        }
    }

    /// Refuses what a database could not keep.
    ///
    /// # Errors
    /// A text longer than [`MAX_KEY_BYTES`], or with a NUL in it.
    pub fn check(&self) -> Result<(), InvalidKey> {
        match self {
            DocumentKey::Text(text) if text.len() > MAX_KEY_BYTES => {
                Err(InvalidKey::TooLong { bytes: text.len() })
            }
            DocumentKey::Text(text) if text.contains('\0') => Err(InvalidKey::Nul),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentKey::Text(text) => f.write_str(text),
            DocumentKey::Integer(number) => number.fmt(f),
            DocumentKey::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyKind::Text => "text",
            KeyKind::Integer => "integer",
            KeyKind::Uuid => "uuid",
        })
    }
}

/// A key cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// It is too long.
    #[error("the key of a document has {bytes} bytes: at most {MAX_KEY_BYTES} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It holds a NUL.
    #[error("the key of a document holds a NUL character, which databases cannot store")]
    Nul,
}
