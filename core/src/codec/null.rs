//! Looks for what would be written as a null that nobody reads back.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use super::{Codec, InvalidPayload};

/// Looks for floats which the codec cannot express, and for a `Some` of nothing.
///
/// A walk that serializes into nothing. A type that refuses to be serialized is
/// not at fault here.
///
/// # Errors
/// What was found first.
pub(super) fn check<T: Serialize + ?Sized>(value: &T, codec: Codec) -> Result<(), InvalidPayload> {
    match value.serialize(Walk { codec, in_some: false }) {
        Err(Stop::NotFinite) => Err(InvalidPayload::NotFinite),
        Err(Stop::NullInSome) => Err(InvalidPayload::NullInSome),
        Ok(()) | Err(Stop::Other) => Ok(()),
    }
}

/// Why the walk ended before the end.
#[derive(Debug)]
enum Stop {
    NotFinite,
    NullInSome,
    Other,
}

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "not finite",
            Self::NullInSome => "null in some",
            Self::Other => "refused",
        })
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: Display>(_: T) -> Self {
        Self::Other
    }
}

/// The serializer, and every compound of it.
#[derive(Clone, Copy)]
struct Walk {
    codec: Codec,
    /// Whether the value is all that stands in a `Some`.
    in_some: bool,
}

impl Walk {
    const fn float(self, is_finite: bool) -> Result<(), Stop> {
        match self.codec {
            Codec::Json if !is_finite => Err(Stop::NotFinite),
            _ => Ok(()),
        }
    }

    const fn null(self) -> Result<(), Stop> {
        if self.in_some { Err(Stop::NullInSome) } else { Ok(()) }
    }

    /// For what stands in an array or an object.
    const fn inside(self) -> Self {
        Self { in_some: false, ..self }
    }
}

/// Methods that have nothing to see in their value.
macro_rules! pass {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, _: $type) -> Result<(), Stop> {
            Ok(())
        })*
    };
}

impl Serializer for Walk {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    pass! {
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
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn is_human_readable(&self) -> bool {
        self.codec == Codec::Json
    }

    fn serialize_f32(self, number: f32) -> Result<(), Stop> {
        self.float(number.is_finite())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Stop> {
        self.float(number.is_finite())
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.null()
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.null()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        match self.codec {
            Codec::Json => self.null(),
            // Written as an empty array.
            #[cfg(feature = "msgpack")]
            Codec::MessagePack => Ok(()),
        }
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(Self { in_some: true, ..self })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        // The variant's name stands around it.
        value.serialize(self.inside())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Stop> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Stop> {
        Ok(self)
    }
}

/// The compounds differ in the names of their methods alone.
macro_rules! compound {
    ($($trait:ident { $($method:ident($($name:ty)?);)* })*) => {
        $(impl ser::$trait for Walk {
            type Ok = ();
            type Error = Stop;

            $(fn $method<T: Serialize + ?Sized>(
                &mut self,
                $(_: $name,)?
                value: &T,
            ) -> Result<(), Stop> {
                value.serialize(self.inside())
            })*

            fn end(self) -> Result<(), Stop> {
                Ok(())
            }
        })*
    };
}

compound! {
    SerializeSeq { serialize_element(); }
    SerializeTuple { serialize_element(); }
    SerializeTupleStruct { serialize_field(); }
    SerializeTupleVariant { serialize_field(); }
    SerializeMap { serialize_key(); serialize_value(); }
    SerializeStruct { serialize_field(&'static str); }
    SerializeStructVariant { serialize_field(&'static str); }
}
