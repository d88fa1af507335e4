//! Values of any type, to get past the elements of a tuple that come before
//! the traced one.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
};

use super::trace::Stop;

/// Enough for every type but one whose first variant holds itself.
const DEEPEST: u8 = 32;

/// The samples, tried in this order until a type lets itself be read. Together
/// they get past `NonZero`, Uuid, dates, and the usual validated texts.
pub(super) const ATTEMPTS: [Sample; 5] = [
    Sample::new(0, "", &[0; 16]),
    Sample::new(1, "a", &[]),
    Sample::new(2, "a@example.com", &[1; 32]),
    Sample { structs_as_sequences: true, ..Sample::new(1, "1", &[1; 16]) },
    Sample { structs_as_sequences: true, ..Sample::new(0, NIL_UUID, &[0; 4]) },
];

const NIL_UUID: &str = "00000000-0000-0000-0000-000000000000";

/// A deserializer that makes up what it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Also picks the variant of enums.
    number: u8,
    text: &'static str,
    bytes: &'static [u8],
    depth: u8,
    /// Whether the tracer gives structs as sequences, not as maps.
    pub(super) structs_as_sequences: bool,
}

impl Sample {
    const fn new(number: u8, text: &'static str, bytes: &'static [u8]) -> Self {
        Self { number, text, bytes, depth: 0, structs_as_sequences: false }
    }

    const fn deeper(self) -> Result<Self, Stop> {
        if self.depth == DEEPEST {
            return Err(Stop);
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn sequence<'de, V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_seq(Samples { sample: self.deeper()?, left: len })
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self::new(0, "", &[])
    }
}

/// Methods that give one value.
macro_rules! give {
    ($($method:ident($sample:ident) $visit:ident($value:expr);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            let $sample = self;
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Sample {
    type Error = Stop;

    give! {
        deserialize_bool(sample) visit_bool(sample.number == 1);
        deserialize_i8(sample) visit_i8(i8::try_from(sample.number).unwrap_or_default());
        deserialize_i16(sample) visit_i16(sample.number.into());
        deserialize_i32(sample) visit_i32(sample.number.into());
        deserialize_i64(sample) visit_i64(sample.number.into());
        deserialize_i128(sample) visit_i128(sample.number.into());
        deserialize_u8(sample) visit_u8(sample.number);
        deserialize_u16(sample) visit_u16(sample.number.into());
        deserialize_u32(sample) visit_u32(sample.number.into());
        deserialize_u64(sample) visit_u64(sample.number.into());
        deserialize_u128(sample) visit_u128(sample.number.into());
        deserialize_f32(sample) visit_f32(sample.number.into());
        deserialize_f64(sample) visit_f64(sample.number.into());
        deserialize_char(sample) visit_char(char::from(b'a' + sample.number));
        deserialize_str(sample) visit_borrowed_str(sample.text);
        deserialize_string(sample) visit_borrowed_str(sample.text);
        deserialize_identifier(sample) visit_borrowed_str(sample.text);
        deserialize_bytes(sample) visit_borrowed_bytes(sample.bytes);
        deserialize_byte_buf(sample) visit_borrowed_bytes(sample.bytes);
        deserialize_seq(sample) visit_seq(Samples { sample, left: 0 });
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self.deeper()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.sequence(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.sequence(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor
            .visit_map(serde::de::value::MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.sequence(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        // Another variant in each attempt: the first may hold its own type.
        let picked = usize::from(self.number).min(variants.len().saturating_sub(1));
        let name = variants.get(picked).ok_or(Stop)?;
        visitor.visit_enum(SampleVariant { sample: self.deeper()?, name })
    }
}

struct Samples {
    sample: Sample,
    left: usize,
}

impl<'de> SeqAccess<'de> for Samples {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.sample).map(Some)
    }
}

struct SampleVariant {
    sample: Sample,
    name: &'static str,
}

impl<'de> EnumAccess<'de> for SampleVariant {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Stop> {
        let name: StrDeserializer<'_, Stop> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for SampleVariant {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self.sample)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.sample.sequence(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.sample.sequence(fields.len(), visitor)
    }
}
