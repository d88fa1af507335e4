//! The payload of an event without fields: an empty map, never nothing.
//!
//! `{}` is also what a variant reads whose fields all have defaults, so fields
//! may be added to such an event later. Reading accepts whatever is there, so
//! they may be taken away again.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the empty map.
///
/// # Errors
/// Whatever the serializer says.
pub fn write_nothing<S: Serializer>(to: S) -> Result<S::Ok, S::Error> {
    to.serialize_map(Some(0))?.end()
}

/// Reads a payload and forgets it.
///
/// # Errors
/// Whatever the deserializer says: the payload must be well-formed.
pub fn read_nothing<'de, D: Deserializer<'de>>(from: D) -> Result<(), D::Error> {
    if from.is_human_readable() {
        return IgnoredAny::deserialize(from).map(drop);
    }
    // A compact format may not know what comes next and needs to be told.
    from.deserialize_map(Nothing)
}

/// Accepts the empty map, and what compact formats which do know may find.
struct Nothing;

impl<'de> Visitor<'de> for Nothing {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the payload of an event without fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        IgnoredAny.visit_map(map).map(drop)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(seq).map(drop)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(from).map(drop)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(from).map(drop)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }
}
