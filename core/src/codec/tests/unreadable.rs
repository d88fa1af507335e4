//! Keys that stand twice, and nulls that stand for something.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::all;
use crate::codec::InvalidPayload::{DuplicateKey, NullInSome};
use crate::codec::{Codec, InvalidPayload, Payload};

/// Writes its entries as they are.
struct Entries<T>(Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// What every codec says of a value.
#[track_caller]
fn said<T: Serialize>(value: T) -> Option<InvalidPayload> {
    let mut said: Vec<_> = all().iter().map(|c| Payload::encode(*c, &value).err()).collect();
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn a_key_may_stand_in_an_object_once() {
    assert_eq!(said(Entries(vec![("a", 1), ("b", 2), ("ab", 3), ("", 4)])), None);
    assert_eq!(said(Entries(vec![("a", 1), ("b", 2), ("a", 3)])), Some(DuplicateKey));
    assert_eq!(said(Entries(vec![("", 1), ("", 2)])), Some(DuplicateKey));
    assert_eq!(said(Entries(vec![("\"\n\u{e4}", 1), ("\"\n\u{e4}", 2)])), Some(DuplicateKey));
}

#[test]
fn the_same_key_may_stand_in_other_objects() {
    let inner = || Entries(vec![("a", 1), ("b", 2)]);
    assert_eq!(said([inner(), inner()]), None);
    assert_eq!(said(Entries(vec![("a", inner()), ("b", inner())])), None);
    // The keys before and behind an inner object belong to one outer one.
    let around = Entries(vec![("a", inner()), ("c", inner()), ("a", inner())]);
    assert_eq!(said(around), Some(DuplicateKey));
    let within = Entries(vec![("a", Entries(vec![("b", 1), ("b", 2)]))]);
    assert_eq!(said([within]), Some(DuplicateKey));
}

#[test]
fn large_maps_are_looked_through_in_no_time() {
    let map: BTreeMap<u32, bool> = (0..200_000).map(|key| (key, true)).collect();
    assert_eq!(said(&map), None);
    let mut keys: Vec<(&str, u8)> = vec![("a", 1); 100_000];
    keys.push(("b", 1));
    assert_eq!(said(Entries(keys)), Some(DuplicateKey));
}

#[test]
fn a_json_text_is_looked_through_for_keys() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"[{"b":{"a":1,"c":[],"a":1}}]"#,
        // One key, written in two ways.
        r#"{"a":1,"\u0061":2}"#,
    ] {
        assert_eq!(Payload::json(text), Err(DuplicateKey), "{text}");
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(Payload::encode(Codec::Json, &[raw]), Err(DuplicateKey), "{text}");
    }
    for text in [r#"{"a":"a","b":{"a":["a","a"]},"A":1}"#, r#"[{"a":1},{"a":1}]"#, "{}"] {
        assert!(Payload::json(text).is_ok(), "{text}");
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack_bytes_are_looked_through_for_keys() {
    for bytes in [
        &[0x82, 0xa1, b'a', 1, 0xa1, b'a', 1][..],
        // One text with heads of two widths.
        &[0x82, 0xa1, b'a', 1, 0xd9, 1, b'a', 1],
        &[0x82, 1, 0xc0, 1, 0xc0],
        &[0x82, 0x92, 1, 2, 0, 0x92, 1, 2, 0],
        &[0x91, 0x82, 1, 0x81, 1, 1, 1, 0],
        &[0x81, 0x82, 1, 1, 1, 1, 1],
    ] {
        assert_eq!(Payload::msgpack(bytes), Err(DuplicateKey), "{bytes:x?}");
    }
    for bytes in [
        &[0x82, 0xa1, b'a', 1, 0xa1, b'b', 1][..],
        // A text and a number of the same byte.
        &[0x82, 0xa1, 1, 0, 1, 0],
        &[0x82, 0x92, 1, 2, 0, 0x92, 2, 1, 0],
        &[0x82, 1, 0x82, 1, 1, 2, 2, 2, 0x80],
        &[0x92, 1, 1],
    ] {
        assert!(Payload::msgpack(bytes).is_ok(), "{bytes:x?}");
    }
}

#[test]
fn a_null_does_not_stand_for_something() {
    #[derive(Serialize)]
    struct Newtype<T>(T);
    #[derive(Serialize)]
    enum Kind {
        Unit,
        Newtype(Option<u8>),
    }
    assert_eq!(said(Some(None::<u8>)), Some(NullInSome));
    assert_eq!(said([Some(())]), Some(NullInSome));
    assert_eq!(said(BTreeMap::from([("a", Some(Newtype(None::<u8>)))])), Some(NullInSome));
    assert_eq!(said(Some(serde_json::Value::Null)), Some(NullInSome));
    // Each of these is told from `None`.
    assert_eq!(said((None::<u8>, (), Newtype(()), Some(Some(0)))), None);
    assert_eq!(said((Some([None::<u8>]), Some((None::<u8>, ())))), None);
    assert_eq!(said((Some(Kind::Unit), Some(Kind::Newtype(None)), None::<u8>)), None);
    assert_eq!(said(Some(BTreeMap::from([("a", None::<u8>)]))), None);
}

#[test]
fn a_unit_struct_in_some_is_refused_where_it_is_a_null() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    assert_eq!(Payload::encode(Codec::Json, &Some(Unit)), Err(NullInSome));
    #[cfg(feature = "msgpack")]
    {
        let payload = Payload::encode(Codec::MessagePack, &(Some(Unit), ())).unwrap();
        let read = payload.decode(std::marker::PhantomData::<(Option<Unit>, ())>);
        assert_eq!(read.unwrap(), (Some(Unit), ()));
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack_keeps_floats_beside_nulls() {
    assert!(Payload::encode(Codec::MessagePack, &(f64::NAN, None::<u8>)).is_ok());
}
