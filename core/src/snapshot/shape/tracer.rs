//! The deserializer that has no data: it answers with questions.

use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entry, Field, OneOf, Variant};
use super::trace::{Stop, Trace};

/// Longer tuples are arrays, whose elements are all alike.
const LONGEST_TUPLE: usize = 64;

pub(super) struct Tracer<'a> {
    trace: &'a mut Trace,
}

impl<'a> Tracer<'a> {
    pub(super) const fn new(trace: &'a mut Trace) -> Self {
        Self { trace }
    }

    /// Reads the inside of a type, unless it is inside itself.
    fn inside<'de, V: Visitor<'de>>(
        self,
        name: &'static str,
        parts: &'static [&'static str],
        read: impl FnOnce(&mut Trace) -> Result<V::Value, Stop>,
    ) -> Result<V::Value, Stop> {
        self.trace.enter::<V>(name, parts)?;
        let value = read(self.trace)?;
        self.trace.leave();
        Ok(value)
    }
}

/// A tuple, whatever it is called.
pub(super) fn tuple<'de, V: Visitor<'de>>(
    trace: &mut Trace,
    len: usize,
    visitor: V,
) -> Result<V::Value, Stop> {
    trace.note(format_args!("tuple {len}"));
    if len == 0 {
        return Err(trace.leaf("end"));
    }
    let chosen = trace.choose(len.min(LONGEST_TUPLE))?;
    trace.note(format_args!(".{chosen}"));
    visitor.visit_seq(Elements::new(trace, chosen, len))
}

/// The fields of a struct or of a variant.
///
/// The chosen field comes first in a map, so that no other field is needed. A
/// type that only reads sequences gets one in the later attempts.
pub(super) fn fields<'de, V: Visitor<'de>>(
    trace: &mut Trace,
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Stop> {
    trace.note(format_args!("struct {}", fields.len()));
    if fields.is_empty() {
        return Err(trace.leaf("end"));
    }
    let chosen = trace.choose(fields.len())?;
    trace.note(format_args!(".{}", fields[chosen]));
    if trace.sample().structs_as_sequences {
        return visitor.visit_seq(Elements::new(trace, chosen, fields.len()));
    }
    visitor.visit_map(Field::new(trace, fields[chosen]))
}

/// Methods at which a way ends, with the word for what was asked.
macro_rules! leaves {
    ($($method:ident: $token:literal,)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            Err(self.trace.leaf($token))
        })*
    };
}

/// The same where the type would look at data first.
macro_rules! opaque {
    ($($method:ident: $token:literal,)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            Err(self.trace.opaque_leaf($token))
        })*
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Stop;

    // The words are hashed: another word discards every snapshot.
    leaves! {
        deserialize_bool: "bool",
        deserialize_i8: "i8",
        deserialize_i16: "i16",
        deserialize_i32: "i32",
        deserialize_i64: "i64",
        deserialize_i128: "i128",
        deserialize_u8: "u8",
        deserialize_u16: "u16",
        deserialize_u32: "u32",
        deserialize_u64: "u64",
        deserialize_u128: "u128",
        deserialize_f32: "f32",
        deserialize_f64: "f64",
        deserialize_char: "char",
        deserialize_str: "str",
        deserialize_string: "str",
        deserialize_bytes: "bytes",
        deserialize_byte_buf: "bytes",
        deserialize_unit: "unit",
    }

    // Field names are asked for through `Field`; who asks here is a flattened
    // struct, which goes by what it finds.
    opaque! {
        deserialize_any: "any",
        deserialize_identifier: "identifier",
        deserialize_ignored_any: "ignored",
    }

    // The shape that bincode sees.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Stop> {
        Err(self.trace.leaf("unit"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.inside::<V>("", &[], |trace| {
            trace.note("option");
            visitor.visit_some(Tracer::new(trace))
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.inside::<V>(name, &[], |trace| {
            trace.note("newtype");
            visitor.visit_newtype_struct(Tracer::new(trace))
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.inside::<V>("", &[], |trace| {
            trace.note("seq");
            visitor.visit_seq(Elements::new(trace, 0, 1))
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.inside::<V>("", &[], |trace| tuple(trace, len, visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.inside::<V>(name, &[], |trace| tuple(trace, len, visitor))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.inside::<V>("", &[], |trace| {
            let part = if trace.choose(2)? == 0 { OneOf::Key } else { OneOf::Value };
            trace.note(match part {
                OneOf::Key => "map key",
                OneOf::Value => "map value",
            });
            visitor.visit_map(Entry::new(trace, part))
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.inside::<V>(name, names, |trace| fields(trace, names, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.inside::<V>(name, variants, |trace| {
            trace.note(format_args!("enum {}", variants.len()));
            if variants.is_empty() {
                return Err(trace.leaf("end"));
            }
            let chosen = trace.choose(variants.len())?;
            trace.note(format_args!("::{}", variants[chosen]));
            visitor.visit_enum(Variant::new(trace, variants[chosen]))
        })
    }
}
