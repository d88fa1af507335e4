//! How a state becomes the bytes of a snapshot, and whether it comes back.

mod agree;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use agree::Skips;

use crate::codec::{InvalidPayload, Mismatch, json};
use crate::snapshot::shape::Shape;

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
    /// enums, and fields that are sometimes skipped; and it is not used for a
    /// state whose shape cannot be traced, since it writes no names.
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

    /// Writes a state, unless it would not come back as it was.
    ///
    /// Every snapshot is checked, which costs no command anything: no shape
    /// tells whether a `Serialize` and a `Deserialize` fit together, nor does
    /// one state tell of the next. It is the states that are compared and not
    /// their bytes: another state may well be written in the same ones.
    pub(crate) fn encode_readable<T>(self, state: &T) -> Option<Vec<u8>>
    where
        T: Serialize + DeserializeOwned,
    {
        let skips = match self {
            // What is skipped leaves no gap, and the next field is read for it.
            Self::Bincode => Skips::Refused,
            Self::Json => Skips::Allowed,
        };
        let written = agree::canon(state, skips)?;
        let bytes = self.encode(state).ok()?;
        let read = self.decode::<T>(&bytes).ok()?;
        (agree::canon(&read, skips)? == written).then_some(bytes)
    }

    /// Reads a state of a type whose shape is opaque, so that no fingerprint
    /// tells whether the code has changed.
    ///
    /// JSON has the names: what this code would not write in the same way, it
    /// has not read as it was meant.
    ///
    /// # Errors
    /// Why the bytes are not that of such a state.
    pub(crate) fn decode_opaque<T>(self, bytes: &[u8]) -> Result<T, SnapshotCodecError>
    where
        T: Serialize + DeserializeOwned,
    {
        let state: T = self.decode(bytes)?;
        let again = self.encode(&state)?;
        if again == bytes {
            return Ok(state);
        }
        // What comes from hash maps and sets has another order each time.
        let canon = |json: &[u8]| {
            let value: serde_json::Value = Self::Json.decode(json).ok()?;
            agree::canon(&value, Skips::Allowed)
        };
        match (canon(bytes), canon(&again)) {
            (Some(stored), Some(again)) if stored == again => Ok(state),
            _ => Err(SnapshotCodecError::ReadOtherwise),
        }
    }

    /// The codecs for states of a shape, that which is tried first in front.
    pub(crate) const fn candidates(shape: Shape, wanted: Option<Self>) -> &'static [Self] {
        match (shape.opaque, wanted) {
            // Fields that changed places would be read into one another, and no
            // fingerprint would tell.
            (true, _) => &[Self::Json],
            (false, None | Some(Self::Bincode)) => &[Self::Bincode, Self::Json],
            (false, Some(Self::Json)) => &[Self::Json, Self::Bincode],
        }
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
    /// The JSON lacks something of the state, or has more.
    #[error(
        "the state has changed since the snapshot was written: it is discarded and written anew"
    )]
    ReadOtherwise,
    /// JSON cannot express the state.
    #[error("the state cannot be kept as JSON: {0}")]
    InvalidJson(#[from] InvalidPayload),
    /// The JSON is not one of the state.
    #[error("the snapshot is not one of this state: {0}")]
    Mismatch(#[from] Mismatch),
}
