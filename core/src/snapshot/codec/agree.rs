//! Whether two states are the same, when no type says so.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

/// Whether two states hold the same, but for the order of maps and sequences.
///
/// Hash maps and hash sets have another order in each instance. Should a type
/// confuse the order of its own lists and nothing else, this overlooks it.
pub(super) fn but_for_order<T: Serialize>(one: &T, other: &T) -> bool {
    one.serialize(Canon).is_ok_and(|one| other.serialize(Canon).is_ok_and(|other| one == other))
}

/// Writes a text that is equal for equal values, in the flavour that bincode
/// sees. JSON would not do: it has no maps by tuples, and no large integers.
struct Canon;

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

/// What stands inside a compound.
struct Parts {
    variant: &'static str,
    parts: Vec<String>,
    /// Whether the parts have an order to speak of.
    ordered: bool,
}

impl Parts {
    const fn new(variant: &'static str, ordered: bool) -> Self {
        Self { variant, parts: Vec::new(), ordered }
    }

    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refused> {
        let value = value.serialize(Canon)?;
        self.parts.push(if name.is_empty() { value } else { format!("{name}:{value}") });
        Ok(())
    }

    fn close(mut self) -> String {
        if !self.ordered {
            self.parts.sort();
        }
        format!("{}({})", self.variant, self.parts.join(","))
    }
}

/// Methods whose value is written by `Debug`, which quotes and escapes texts.
macro_rules! scalars {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<String, Refused> {
            Ok(format!("{value:?}"))
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
        serialize_unit_struct: &'static str,
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
        Ok(variant.to_owned())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Refused> {
        Ok(format!("some {}", value.serialize(self)?))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<String, Refused> {
        Ok(format!("{variant} {}", value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new("seq", false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new("", true))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new("", true))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(variant, true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Refused> {
        Ok(Parts::new("map", false))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts, Refused> {
        Ok(Parts::new("", true))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, Refused> {
        Ok(Parts::new(variant, true))
    }
}

/// The name of a part, or none.
macro_rules! name_of {
    () => {
        ""
    };
    ($name:ident) => {
        $name
    };
}

/// The compounds differ in the names of their methods alone.
macro_rules! compound {
    ($($trait:ident :: $method:ident($($name:ident: $type:ty)?);)*) => {
        $(impl ser::$trait for Parts {
            type Ok = String;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)?
                value: &T,
            ) -> Result<(), Refused> {
                self.add(name_of!($($name)?), value)
            }

            fn end(self) -> Result<String, Refused> {
                Ok(self.close())
            }
        })*
    };
}

compound! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(name: &'static str);
    SerializeStructVariant::serialize_field(name: &'static str);
}

impl ser::SerializeMap for Parts {
    type Ok = String;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.add("", key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        // An entry is one part, so that sorting keeps it together.
        let key = self.parts.pop().ok_or(Refused)?;
        self.add(&key, value)
    }

    fn end(self) -> Result<String, Refused> {
        Ok(self.close())
    }
}
