//! Writing and reading one variant of an enum without serde's tag around it.
//!
//! A derived `Serialize` hands an enum to the serializer as "variant number n,
//! called v, with this content". The adapters in here take the content alone,
//! and on the way back answer "number n" from the stored name. The payload
//! passes once through the format: nothing is buffered, and every format which
//! knows serde works.

mod deserialize;
mod serialize;
mod unit;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use unit::{read_nothing, write_nothing};

/// Writes the content of the variant which `value` is.
///
/// # Errors
/// Whatever `to` says, or that `T` does not serialize as a plain enum.
pub fn serialize_variant<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.serialize(serialize::Content(to))
}

/// Reads the content of variant number `index`.
///
/// # Errors
/// Whatever `from` says, or that `T` does not deserialize as a plain enum.
pub fn deserialize_variant<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    index: u32,
    from: D,
) -> Result<T, D::Error> {
    T::deserialize(deserialize::Content { index, from })
}
