//! The bytes of one event, together with the codec that reads them.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeSeed;

#[cfg(feature = "msgpack")]
use super::msgpack;
use super::{Codec, InvalidPayload, Mismatch, json};

/// The content of one event: bytes, and the codec that reads them.
///
/// Who holds a payload can read it: each constructor checks that the bytes are
/// exactly one value of the codec, no deeper than can be read. What a type
/// makes of that value is another question, answered by
/// [`decode`](Payload::decode).
///
/// A clone shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    codec: Codec,
    bytes: Bytes,
}

impl Payload {
    /// Writes a value.
    ///
    /// # Errors
    /// [`InvalidPayload`] when the codec cannot express the value so that it
    /// can be read back.
    pub fn encode<T>(codec: Codec, value: &T) -> Result<Self, InvalidPayload>
    where
        T: Serialize + ?Sized,
    {
        let bytes = match codec {
            Codec::Json => json::encode(value)?,
            #[cfg(feature = "msgpack")]
            Codec::MessagePack => msgpack::encode(value)?,
        };
        Ok(Self { codec, bytes: bytes.into() })
    }

    /// Takes over a JSON text as it is, white space included.
    ///
    /// # Errors
    /// [`InvalidPayload`] when the text is not exactly one JSON value, nests
    /// too deep, has U+0000 in a string or a key, or a key twice in one object.
    pub fn json(text: impl Into<String>) -> Result<Self, InvalidPayload> {
        let text = text.into();
        json::check(&text)?;
        Ok(Self { codec: Codec::Json, bytes: text.into() })
    }

    /// Takes over a MessagePack value as it is.
    ///
    /// # Errors
    /// [`InvalidPayload`] when the bytes are not exactly one value, nest too
    /// deep, or have a key twice in one map.
    #[cfg(feature = "msgpack")]
    pub fn msgpack(bytes: impl Into<Bytes>) -> Result<Self, InvalidPayload> {
        let bytes = bytes.into();
        let _ = msgpack::check(&bytes)?;
        Ok(Self { codec: Codec::MessagePack, bytes })
    }

    /// Puts a payload together again from what a store has kept of it.
    ///
    /// It is for stores and checks nothing, since the payload was checked when
    /// it was written. Bytes from anywhere else come in through
    /// [`json`](Payload::json) or `msgpack`; bytes which the codec cannot read
    /// show as a [`Mismatch`] later.
    #[must_use]
    pub const fn from_stored(codec: Codec, bytes: Bytes) -> Self {
        Self { codec, bytes }
    }

    /// Reads the value; `PhantomData::<T>` is the seed of a plain type.
    ///
    /// # Errors
    /// [`Mismatch`] when the value does not fit the type.
    pub fn decode<'de, S>(&'de self, seed: S) -> Result<S::Value, Mismatch>
    where
        S: DeserializeSeed<'de>,
    {
        match self.codec {
            Codec::Json => json::decode(&self.bytes, seed),
            #[cfg(feature = "msgpack")]
            Codec::MessagePack => msgpack::decode(&self.bytes, seed),
        }
    }

    /// The codec that reads the bytes.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The bytes, as they are stored.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The text of a JSON payload, `None` for other codecs.
    #[must_use]
    pub fn as_json_text(&self) -> Option<&str> {
        match self.codec {
            Codec::Json => std::str::from_utf8(&self.bytes).ok(),
            #[cfg(feature = "msgpack")]
            Codec::MessagePack => None,
        }
    }

    /// How many bytes are stored.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no bytes, which no codec can read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

// The content stays out: debug output ends up in logs.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("codec", &self.codec)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
