//! How the tracer gives a type one part of itself.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::trace::{Stop, Trace};
use super::tracer::{Tracer, fields, tuple};

/// A name, for whoever asks which field or variant follows.
fn name(name: &str) -> StrDeserializer<'_, Stop> {
    name.into_deserializer()
}

/// A sequence of `len` elements of which one is traced, the rest are samples.
pub(super) struct Elements<'a> {
    trace: &'a mut Trace,
    chosen: usize,
    next: usize,
    len: usize,
}

impl<'a> Elements<'a> {
    pub(super) const fn new(trace: &'a mut Trace, chosen: usize, len: usize) -> Self {
        Self { trace, chosen, next: 0, len }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        let at = self.next;
        self.next += 1;
        if at == self.len {
            return Ok(None);
        }
        if at == self.chosen {
            return seed.deserialize(Tracer::new(self.trace)).map(Some);
        }
        seed.deserialize(self.trace.sample()).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.len.checked_sub(self.next)
    }
}

/// A map of one field.
pub(super) struct Field<'a> {
    trace: &'a mut Trace,
    name: Option<&'static str>,
}

impl<'a> Field<'a> {
    pub(super) const fn new(trace: &'a mut Trace, name: &'static str) -> Self {
        Self { trace, name: Some(name) }
    }
}

impl<'de> MapAccess<'de> for Field<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        self.name.take().map(|field| seed.deserialize(name(field))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(Tracer::new(self.trace))
    }
}

/// Which part of a map's entry is traced.
#[derive(Clone, Copy)]
pub(super) enum OneOf {
    Key,
    Value,
}

/// A map of one entry.
pub(super) struct Entry<'a> {
    trace: &'a mut Trace,
    part: OneOf,
    given: bool,
}

impl<'a> Entry<'a> {
    pub(super) const fn new(trace: &'a mut Trace, part: OneOf) -> Self {
        Self { trace, part, given: false }
    }
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(None);
        }
        match self.part {
            OneOf::Key => seed.deserialize(Tracer::new(self.trace)).map(Some),
            OneOf::Value => seed.deserialize(self.trace.sample()).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        match self.part {
            OneOf::Key => seed.deserialize(self.trace.sample()),
            OneOf::Value => seed.deserialize(Tracer::new(self.trace)),
        }
    }

    // The maps of std ask for whole entries: then a value needs no sample of
    // its key, which a validated type might refuse.
    fn next_entry_seed<K: DeserializeSeed<'de>, V: DeserializeSeed<'de>>(
        &mut self,
        key: K,
        value: V,
    ) -> Result<Option<(K::Value, V::Value)>, Stop> {
        if self.given {
            return Ok(None);
        }
        if let OneOf::Value = self.part {
            self.given = true;
            let value = value.deserialize(Tracer::new(self.trace))?;
            return Ok(Some((key.deserialize(self.trace.sample())?, value)));
        }
        match self.next_key_seed(key)? {
            Some(key) => Ok(Some((key, self.next_value_seed(value)?))),
            None => Ok(None),
        }
    }
}

/// An enum of the chosen variant.
pub(super) struct Variant<'a> {
    trace: &'a mut Trace,
    name: &'static str,
}

impl<'a> Variant<'a> {
    pub(super) const fn new(trace: &'a mut Trace, name: &'static str) -> Self {
        Self { trace, name }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Stop> {
        Ok((seed.deserialize(name(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Err(self.trace.leaf("unit"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        self.trace.note("newtype");
        seed.deserialize(Tracer::new(self.trace))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        tuple(self.trace, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        fields(self.trace, names, visitor)
    }
}
