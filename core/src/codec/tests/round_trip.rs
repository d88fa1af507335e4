//! Whatever is accepted is read back as it was.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::all;
use crate::codec::{Codec, InvalidPayload, Payload};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Measured {
    exact: f64,
    guess: Option<f64>,
    rough: Vec<f32>,
    notes: BTreeMap<String, Kind>,
    large: u128,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Newtype(String),
    Tuple(i64, char),
    Struct { a: Option<bool> },
}

impl Measured {
    fn is_finite(&self) -> bool {
        self.exact.is_finite()
            && self.guess.is_none_or(f64::is_finite)
            && self.rough.iter().all(|number| number.is_finite())
    }
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        any::<String>().prop_map(Kind::Newtype),
        any::<(i64, char)>().prop_map(|(a, b)| Kind::Tuple(a, b)),
        any::<Option<bool>>().prop_map(|a| Kind::Struct { a }),
    ]
}

fn measured() -> impl Strategy<Value = Measured> {
    let number = || prop_oneof![4 => any::<f64>(), 1 => proptest::num::f64::ANY];
    let notes = prop::collection::btree_map("[a-z]{0,3}", kind(), 0..4);
    (number(), prop::option::of(number()), any::<Vec<f32>>(), notes, any::<u128>()).prop_map(
        |(exact, guess, rough, notes, large)| Measured { exact, guess, rough, notes, large },
    )
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

proptest! {
    #[test]
    fn trees(value in tree()) {
        for codec in all() {
            let payload = match Payload::encode(codec, &value) {
                Err(InvalidPayload::Nul) => {
                    prop_assert!(codec == Codec::Json && has_nul(&value));
                    continue;
                }
                other => other.unwrap(),
            };
            prop_assert_eq!(payload.decode(PhantomData::<Value>).unwrap(), value.clone());
            if let Some(text) = payload.as_json_text() {
                prop_assert!(!has_nul(&value));
                prop_assert_eq!(Payload::json(text).unwrap(), payload.clone());
            }
        }
    }

    #[test]
    fn structs(value in measured()) {
        for codec in all() {
            match Payload::encode(codec, &value) {
                Ok(payload) => {
                    let read = payload.decode(PhantomData::<Measured>).unwrap();
                    if value.is_finite() {
                        prop_assert_eq!(read, value.clone());
                    } else {
                        prop_assert!(codec != Codec::Json);
                    }
                }
                Err(InvalidPayload::NotFinite) => prop_assert!(!value.is_finite()),
                Err(error) => prop_assert_eq!(error, InvalidPayload::Nul),
            }
        }
    }

    #[test]
    fn any_text_is_taken_over_or_refused_but_never_unreadable(text in r#"[\[\]{}",:0-9a-z\\ .eE+-]{0,24}"#) {
        if let Ok(payload) = Payload::json(text) {
            prop_assert!(payload.decode(PhantomData::<Value>).is_ok());
        }
    }
}

#[cfg(feature = "msgpack")]
proptest! {
    #[test]
    fn any_bytes_are_taken_over_or_refused_but_never_unreadable(bytes: Vec<u8>) {
        if let Ok(payload) = Payload::msgpack(bytes) {
            prop_assert!(payload.decode(PhantomData::<serde::de::IgnoredAny>).is_ok());
        }
    }
}
