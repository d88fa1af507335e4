//! What the codecs accept can be read back, and what they say gives nothing away.

mod mismatch;
mod round_trip;
mod unreadable;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Codec, InvalidPayload, MAX_DEPTH, Payload};

/// `levels` arrays inside each other.
fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

fn refused<T: Serialize>(value: T) -> InvalidPayload {
    Payload::encode(Codec::Json, &value).unwrap_err()
}

const TOO_DEEP: InvalidPayload = InvalidPayload::TooDeep { limit: MAX_DEPTH };

#[test]
fn ids_name_the_codecs_for_ever() {
    assert_eq!(Codec::from_id("json"), Ok(Codec::Json));
    assert_eq!(Codec::Json.to_string(), "json");
    #[cfg(feature = "msgpack")]
    assert_eq!(Codec::from_id("msgpack"), Ok(Codec::MessagePack));
    #[cfg(not(feature = "msgpack"))]
    assert!(Codec::from_id("msgpack").unwrap_err().to_string().contains("enable the feature"));
    assert_eq!(Codec::from_id("xml").unwrap_err().id(), "xml");
}

#[test]
fn floats_that_are_not_finite_are_refused_wherever_they_stand() {
    #[derive(Serialize)]
    enum Shape {
        Newtype(f64),
        Tuple(u8, f32),
        Struct { nothing: Option<u8>, radius: f64 },
    }
    assert_eq!(refused(f64::NAN), InvalidPayload::NotFinite);
    assert_eq!(refused(f32::INFINITY), InvalidPayload::NotFinite);
    assert_eq!(refused([Some(1.0), None, Some(f64::NEG_INFINITY)]), InvalidPayload::NotFinite);
    assert_eq!(refused(BTreeMap::from([("x", (1, f32::NAN))])), InvalidPayload::NotFinite);
    assert_eq!(refused(Shape::Newtype(f64::NAN)), InvalidPayload::NotFinite);
    assert_eq!(refused(Shape::Tuple(1, f32::NAN)), InvalidPayload::NotFinite);
    let shape = Shape::Struct { nothing: None, radius: f64::NAN };
    assert_eq!(refused(shape), InvalidPayload::NotFinite);
}

#[test]
fn a_null_that_was_meant_is_written() {
    let payload = Payload::encode(Codec::Json, &(None::<f64>, (), Some(1.5))).unwrap();
    assert_eq!(payload.as_json_text(), Some("[null,null,1.5]"));
}

#[test]
fn nul_is_refused_in_strings_and_keys() {
    assert_eq!(refused("a\0b"), InvalidPayload::Nul);
    assert_eq!(refused('\0'), InvalidPayload::Nul);
    assert_eq!(refused(BTreeMap::from([("a\0", 1)])), InvalidPayload::Nul);
    assert_eq!(Payload::json(r#"["a\u0000"]"#), Err(InvalidPayload::Nul));
    assert_eq!(Payload::json(r#"{"\u0000": 1}"#), Err(InvalidPayload::Nul));
    // An escaped backslash in front of the same letters is no such character.
    assert!(Payload::json(r#"["\\u0000"]"#).is_ok());
    assert!(Payload::encode(Codec::Json, "\\u0000\u{1}").is_ok());
}

#[test]
fn as_deep_as_can_be_read_and_no_deeper() {
    assert!(Payload::json(nested(MAX_DEPTH)).is_ok());
    assert_eq!(Payload::json(nested(MAX_DEPTH + 1)), Err(TOO_DEEP));

    let mut value = serde_json::Value::Null;
    for _ in 0..MAX_DEPTH {
        value = serde_json::json!({ "in": value });
    }
    for codec in all() {
        let payload = Payload::encode(codec, &value).unwrap();
        assert_eq!(payload.decode(std::marker::PhantomData).as_ref(), Ok(&value));
        assert_eq!(Payload::encode(codec, &[&value]), Err(TOO_DEEP));
        assert_eq!(Payload::encode(codec, &BTreeMap::from([("a", &value)])), Err(TOO_DEEP));
    }
}

/// Every codec of this build.
fn all() -> Vec<Codec> {
    vec![
        Codec::Json,
        #[cfg(feature = "msgpack")]
        Codec::MessagePack,
    ]
}

#[test]
fn raw_json_is_looked_into() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let payload = Payload::encode(Codec::Json, &[raw("{ \"a\": 1 }")]).unwrap();
    assert_eq!(payload.as_json_text(), Some("[{ \"a\": 1 }]"));
    assert_eq!(refused(raw(r#""\u0000""#)), InvalidPayload::Nul);
    assert_eq!(refused([raw(&nested(MAX_DEPTH))]), TOO_DEEP);
    assert!(matches!(refused(raw("1e999")), InvalidPayload::Malformed { .. }));
}

#[test]
fn only_one_whole_json_value_is_taken_over() {
    for text in
        ["", " ", "1 2", "{", "[1,]", "{1:2}", "nul", "'a'", r#""\ud800""#, "1e999", "\u{feff}1"]
    {
        let refused = Payload::json(text);
        assert!(matches!(refused, Err(InvalidPayload::Malformed { .. })), "{text}: {refused:?}");
    }
    for text in ["null", " [1, -2, 3.5e7, \"ä\\u00e4\", true, {}]\n", "18446744073709551615"] {
        assert_eq!(Payload::json(text).unwrap().as_json_text(), Some(text));
    }
}

#[test]
fn what_a_type_says_when_it_refuses_is_kept_back() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("secret"))
        }
    }
    for codec in all() {
        let error = Payload::encode(codec, &Refuses).unwrap_err();
        assert!(matches!(error, InvalidPayload::Serialize { .. }));
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
    let error = refused(BTreeMap::from([([1, 2], "secret")]));
    assert_eq!(error, InvalidPayload::Serialize { reason: "key must be a string".to_owned() });
}

#[test]
fn debug_output_shows_no_content() {
    let payload = Payload::encode(Codec::Json, "secret").unwrap();
    assert_eq!(format!("{payload:?}"), "Payload { codec: Json, len: 8, .. }");
}

#[cfg(feature = "msgpack")]
#[test]
fn only_one_whole_msgpack_value_is_taken_over() {
    for bytes in [
        &[][..],
        &[0x01, 0x02],               // Two values.
        &[0xc1],                     // No marker of the format.
        &[0x92, 0x01],               // An array which lacks an element.
        &[0x81, 0x01],               // A map which lacks a value.
        &[0xa1, 0xff],               // Text which is not UTF-8.
        &[0xdd, 255, 255, 255, 255], // A length without anything behind it.
        &[0xc6, 255, 255, 255, 255, 1],
        &[0xcd, 1],
    ] {
        let refused = Payload::msgpack(bytes);
        assert!(matches!(refused, Err(InvalidPayload::Malformed { .. })), "{bytes:x?}");
    }
    for bytes in [&[0x90][..], &[0x80], &[0x82, 1, 0x91, 0xc0, 2, 0x80], &[0xd4, 1, 2], &[0xc4, 0]]
    {
        assert!(Payload::msgpack(bytes).is_ok(), "{bytes:x?}");
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn a_length_that_was_announced_wrongly_is_noticed() {
    struct Lies;
    impl Serialize for Lies {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            serde::ser::SerializeSeq::end(to.serialize_seq(Some(3))?)
        }
    }
    let refused = Payload::encode(Codec::MessagePack, &Lies);
    assert!(matches!(refused, Err(InvalidPayload::Malformed { .. })));
}
