//! How a state becomes the bytes of a snapshot, and whether it comes back.

mod agree;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::codec::{InvalidPayload, Mismatch, json};

/// What a damaged snapshot may make the reader allocate.
const LARGEST: usize = 64 * 1024 * 1024;

/// The configuration belongs to what `bincode` means as a stored name.
const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<LARGEST>,
> = bincode::config::standard().with_limit::<LARGEST>();

/// The format in which snapshots are written.
///
/// Its id stands beside each snapshot; one of another format is discarded, as
/// one of another shape is, since the events can always tell the state again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SnapshotCodec {
    /// The smallest and fastest. It cannot read `flatten`, tagged and untagged
    /// enums, and fields that are sometimes skipped.
    #[default]
    Bincode,
    /// JSON, for every state that serde can read from JSON, and for people.
    Json,
}

impl SnapshotCodec {
    /// The name which is stored beside each snapshot. It never changes.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bincode => "bincode",
            Self::Json => "json",
        }
    }

    /// The codec of a stored name, `None` for that of another version.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Bincode, Self::Json].into_iter().find(|codec| codec.id() == id)
    }

    /// Writes a state.
    ///
    /// # Errors
    /// What the state has that the codec cannot express.
    pub(crate) fn encode<T: Serialize>(self, state: &T) -> Result<Vec<u8>, SnapshotCodecError> {
        match self {
            Self::Bincode => bincode::serde::encode_to_vec(state, CONFIG)
                .map_err(|_| SnapshotCodecError::NotExpressible),
            Self::Json => Ok(json::encode(state)?),
        }
    }

    /// Reads a state from all of the bytes.
    ///
    /// # Errors
    /// Why the bytes are not that of such a state.
    pub(crate) fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, SnapshotCodecError> {
        match self {
            Self::Bincode => match bincode::serde::decode_from_slice(bytes, CONFIG) {
                Ok((state, read)) if read == bytes.len() => Ok(state),
                _ => Err(SnapshotCodecError::Unreadable),
            },
            Self::Json => Ok(json::decode(bytes, std::marker::PhantomData)?),
        }
    }

    /// Whether a state comes back from its snapshot as it was.
    ///
    /// Asked once for each type, of its first snapshot: no shape tells whether
    /// a `Serialize` and a `Deserialize` fit together.
    pub(crate) fn reads_back<T: Serialize + DeserializeOwned>(self, state: &T) -> bool {
        let Ok(bytes) = self.encode(state) else {
            return false;
        };
        let Ok(read) = self.decode::<T>(&bytes) else {
            return false;
        };
        self.encode(&read).is_ok_and(|again| again == bytes) || agree::but_for_order(state, &read)
    }
}

impl fmt::Display for SnapshotCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A snapshot cannot be written or read. It is never more than a snapshot that
/// is missing: the state comes from its events then.
///
/// No message repeats content of the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotCodecError {
    /// bincode cannot express the state.
    #[error(
        "bincode cannot express the state: choose the snapshot codec `json` for this aggregate"
    )]
    NotExpressible,
    /// The bytes are not exactly one state in bincode.
    #[error("the snapshot is not one of this state: it is discarded and written anew")]
    Unreadable,
    /// JSON cannot express the state.
    #[error("the state cannot be kept as JSON: {0}")]
    InvalidJson(#[from] InvalidPayload),
    /// The JSON is not one of the state.
    #[error("the snapshot is not one of this state: {0}")]
    Mismatch(#[from] Mismatch),
}
