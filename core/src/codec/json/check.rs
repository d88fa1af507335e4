//! Reads a JSON text which somebody handed in, to know that it can be read.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::place;
use crate::codec::keys::{Key, Keys};
use crate::codec::{Codec, InvalidPayload, MAX_DEPTH};

/// Whether a text is one JSON value that every later reader can read.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(text: &str) -> Result<(), InvalidPayload> {
    check_bytes(text.as_bytes())
}

/// The same of bytes, which must be UTF-8.
pub(super) fn check_bytes(text: &[u8]) -> Result<(), InvalidPayload> {
    let seen = RefCell::default();
    let mut from = serde_json::Deserializer::from_slice(text);
    let walk = Walk { seen: &seen, is_key: false };
    walk.deserialize(&mut from).and_then(|()| from.end()).map_err(|error| {
        if let Some(refusal) = seen.take().refusal {
            refusal
        } else if error.to_string().starts_with("recursion limit exceeded") {
            // serde_json has no kind for it, only these words; a test pins them.
            InvalidPayload::TooDeep { limit: MAX_DEPTH }
        } else {
            InvalidPayload::Malformed { codec: Codec::Json, at: place(&error) }
        }
    })
}

#[derive(Debug, Default)]
struct Seen {
    refusal: Option<InvalidPayload>,
    keys: Keys,
}

/// Reads every value in full. `IgnoredAny` would not: it lets pass numbers out
/// of range and half a surrogate pair.
#[derive(Clone, Copy)]
struct Walk<'a> {
    seen: &'a RefCell<Seen>,
    is_key: bool,
}

impl Walk<'_> {
    fn refuse<E: Error>(self, refusal: InvalidPayload) -> Result<(), E> {
        self.seen.borrow_mut().refusal = Some(refusal);
        // Only stops the reader: the caller looks at the refusal.
        Err(E::custom("refused"))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
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

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return self.refuse(InvalidPayload::Nul);
        }
        if self.is_key {
            self.seen.borrow_mut().keys.add(Key::Text, text.as_bytes());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.seen.borrow_mut().keys.open();
        while map.next_key_seed(Self { is_key: true, ..self })?.is_some() {
            map.next_value_seed(Self { is_key: false, ..self })?;
        }
        let unique = self.seen.borrow_mut().keys.close();
        unique.or_else(|refusal| self.refuse(refusal))
    }
}
