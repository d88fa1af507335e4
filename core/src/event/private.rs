//! What the code that `#[derive(Event)]` writes refers to; no public API.

pub use super::Schema;
pub use super::schemas;
pub use super::variant::{deserialize_variant, read_nothing, serialize_variant, write_nothing};
pub use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use serde::de::Error;

/// The error for a stored name or a version which the type does not read.
///
/// # Errors
/// Always.
#[cold]
pub fn unknown<T, E: Error>() -> Result<T, E> {
    Err(E::custom("unknown event type or version"))
}
