//! MessagePack which can be read back: written, checked and read.

mod check;

use serde::Serialize;
use serde::de::{Deserialize, DeserializeSeed, IgnoredAny};

pub(super) use check::check;

use super::sanitise::without_content;
use super::{Codec, InvalidPayload, MAX_DEPTH, Mismatch, null};

/// Writes a value with named fields.
///
/// # Errors
/// Whatever makes the value unreadable.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, InvalidPayload> {
    let bytes = rmp_serde::to_vec_named(value).map_err(|error| {
        let reason = match error {
            rmp_serde::encode::Error::UnknownLength => "a sequence of unknown length",
            // The words of the type may quote the content.
            _ => "the type's own `Serialize` refused",
        };
        InvalidPayload::Serialize { reason: reason.to_owned() }
    })?;
    // rmp-serde writes any depth, and believes a `Serialize` that announces
    // another length than it delivers.
    if check(&bytes)?.nil {
        null::check(value, Codec::MessagePack)?;
    }
    Ok(bytes)
}

/// Reads one value, and nothing after it.
///
/// # Errors
/// What the type expected.
pub(super) fn decode<'de, S>(bytes: &'de [u8], seed: S) -> Result<S::Value, Mismatch>
where
    S: DeserializeSeed<'de>,
{
    let mut from = rmp_serde::Deserializer::from_read_ref(bytes);
    // It refuses when the count comes down to zero.
    from.set_max_depth(MAX_DEPTH + 1);
    let value = seed
        .deserialize(&mut from)
        .map_err(|error| Mismatch { expected: without_content(&error.to_string()) })?;
    // The reader does not tell how far it came. At the end there is no marker.
    match IgnoredAny::deserialize(&mut from) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(value),
        _ => Err(Mismatch { expected: "expected nothing after the value".to_owned() }),
    }
}
