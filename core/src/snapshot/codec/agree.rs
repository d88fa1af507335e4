//! Whether two states are the same, when no type says so.

mod parts;

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use parts::Parts;

/// A text that is equal for states that hold the same, but for the order of
/// maps and sequences; `None` if the state refuses, or skips what it must not.
///
/// Hash maps and hash sets have another order in each instance. Should a type
/// confuse the order of its own lists and nothing else, this overlooks it.
pub(super) fn canon<T: Serialize>(state: &T, skips: Skips) -> Option<String> {
    state.serialize(Canon(skips)).ok()
}

/// Whether a struct may leave out fields, as by `skip_serializing_if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skips {
    Allowed,
    Refused,
}

/// Writes the text in the flavour that bincode sees. JSON would not do: it has
/// no maps by tuples, no large integers, and one null for every nothing.
///
/// Names and kinds stand in it, so that the variants of an untagged enum differ
/// where they can.
#[derive(Clone, Copy)]
struct Canon(Skips);

/// A type refused to be serialized.
#[derive(Debug)]
struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Methods whose value is written by `Debug`, which quotes and escapes texts.
macro_rules! scalars {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<String, Refused> {
            Ok(format!(concat!(stringify!($type), " {:?}"), value))
        })*
    };
}

impl Serializer for Canon {
    type Ok = String;
    type Error = Refused;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<String, Refused> {
        Ok(format!("{name}()"))
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_none(self) -> Result<String, Refused> {
        Ok("none".to_owned())
    }

    fn serialize_unit(self) -> Result<String, Refused> {
        Ok("()".to_owned())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, Refused> {
        Ok(format!("#{variant}"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Refused> {
        Ok(format!("some {}", value.serialize(self)?))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<String, Refused> {
        Ok(format!("{name} {}", value.serialize(self)?))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<String, Refused> {
        Ok(format!("#{variant} {}", value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new(self, "seq", false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new(self, "", true))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new(self, name, true))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(self, variant, true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new(self, "map", false))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new(self, name, true))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(self, variant, true))
    }
}
