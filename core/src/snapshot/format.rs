//! How values of one type are kept in snapshots, and whether they come back.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::snapshot::SnapshotCodec;
use crate::snapshot::codec::SnapshotCodecError;
use crate::snapshot::shape::Shape;

/// How values of one type are kept in snapshots: what the snapshots of a
/// repository go by, for whoever keeps another fold than that of an aggregate.
///
/// ```
/// use annals::snapshot::{SnapshotCodec, SnapshotFormat};
///
/// let format = SnapshotFormat::of(&String::new(), None);
/// let [codec, ..] = format.codecs() else { panic!("each type has a codec") };
/// let bytes = format.write(*codec, &"ada".to_owned()).unwrap();
/// assert_eq!(format.read(codec.id(), &bytes).unwrap(), "ada");
/// // `format.fingerprint()` stands beside the bytes, and is compared first.
/// ```
pub struct SnapshotFormat<T> {
    fingerprint: u64,
    codecs: &'static [SnapshotCodec],
    write: fn(SnapshotCodec, &T) -> Option<Vec<u8>>,
    read: fn(SnapshotCodec, &[u8]) -> Result<T, SnapshotCodecError>,
}

impl<T> SnapshotFormat<T> {
    /// The format for a type, with the codec that is tried first, bincode
    /// without. `initial` is the value before the first event, which tells
    /// something of a type whose shape cannot be traced as a whole.
    ///
    /// It runs the type's `Deserialize` for each of its fields and variants,
    /// which costs microseconds: make it once.
    #[must_use]
    pub fn of(initial: &T, wanted: Option<SnapshotCodec>) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let shape = Shape::of::<T>().with_default(initial);
        Self {
            fingerprint: shape.fingerprint,
            codecs: SnapshotCodec::candidates(shape, wanted),
            write: SnapshotCodec::encode_readable::<T>,
            read: if shape.opaque { SnapshotCodec::decode_opaque } else { SnapshotCodec::decode },
        }
    }

    /// Fingerprint of the shape of the type, field by field; equal for equal
    /// shapes, in every process and build.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The codecs that values may be written in, that which is tried first in
    /// front; JSON alone where the shape cannot be traced.
    #[must_use]
    pub fn codecs(&self) -> &'static [SnapshotCodec] {
        self.codecs
    }

    /// Writes a value; `None` if this codec would not give it back as it was, or
    /// may not be used for the type.
    #[must_use]
    pub fn write(&self, codec: SnapshotCodec, value: &T) -> Option<Vec<u8>> {
        if self.codecs.contains(&codec) { (self.write)(codec, value) } else { None }
    }

    /// Reads a value that was written with the codec of this stored name.
    ///
    /// # Errors
    /// The codec may not be used for the type, or the bytes are none of it.
    pub fn read(&self, codec: &str, bytes: &[u8]) -> Result<T, UnfitSnapshot> {
        let known = SnapshotCodec::from_id(codec).ok_or(Reason::UnknownCodec)?;
        if !self.codecs.contains(&known) {
            return Err(Reason::Untrusted(known).into());
        }
        Ok((self.read)(known, bytes).map_err(Reason::from)?)
    }
}

impl<T> fmt::Debug for SnapshotFormat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotFormat")
            .field("fingerprint", &self.fingerprint)
            .field("codecs", &self.codecs)
            .finish_non_exhaustive()
    }
}

/// A snapshot does not fit this code: discard it, and read the events. Its
/// message says why, and repeats nothing of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct UnfitSnapshot(#[from] Reason);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("its codec is unknown")]
    UnknownCodec,
    #[error("{0} cannot be trusted with a shape that cannot be traced")]
    Untrusted(SnapshotCodec),
    #[error(transparent)]
    Codec(#[from] SnapshotCodecError),
}
