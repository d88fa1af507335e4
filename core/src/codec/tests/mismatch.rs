//! A payload that does not fit its type.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::all;
use crate::codec::{Codec, Mismatch, Payload};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    owner: String,
    cents: u64,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Email;

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Err(format!("{text} is no address"))
    }
}

#[derive(Debug, Deserialize)]
enum Level {
    Low,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "nothing fits")]
enum Either {
    Number(u64),
    Flag(bool),
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(payload: &Payload) -> Mismatch {
    payload.decode(PhantomData::<T>).unwrap_err()
}

#[test]
fn no_stored_content_appears() {
    for codec in all() {
        let secret = Payload::encode(codec, "secret").unwrap();
        let field = Payload::encode(codec, &serde_json::json!({ "secret": "secret" })).unwrap();
        for error in [
            refused::<u64>(&secret),
            refused::<Opened>(&secret),
            refused::<Opened>(&field),
            refused::<Email>(&secret),
            refused::<Level>(&secret),
            refused::<Level>(&field),
            refused::<Either>(&secret),
            refused::<Vec<u8>>(&secret),
            refused::<(u8, u8)>(&field),
            refused::<uuid::Uuid>(&secret),
        ] {
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}

#[test]
fn it_tells_what_the_type_asked_for_and_where() {
    let payload = Payload::json(r#"{"owner": "ada", "cents": "secret"}"#).unwrap();
    assert_eq!(refused::<Opened>(&payload).expected(), "expected u64, at line 1 column 34");
    let payload = Payload::json(r#"{"owner": "ada"}"#).unwrap();
    assert!(refused::<Opened>(&payload).expected().starts_with("missing field `cents`"));
    let payload = Payload::json(r#""High""#).unwrap();
    assert!(refused::<Level>(&payload).expected().starts_with("expected `Low`"));
}

#[test]
fn what_follows_the_value_is_not_overlooked() {
    let two = Payload::from_stored(Codec::Json, Bytes::from_static(b"1 2"));
    refused::<u64>(&two);
    #[cfg(feature = "msgpack")]
    for bytes in [&[1, 2][..], &[1, 0xdd], &[1, 0xc1]] {
        let two = Payload::from_stored(Codec::MessagePack, Bytes::copy_from_slice(bytes));
        refused::<u64>(&two);
    }
}

#[test]
fn bytes_that_no_codec_reads_are_a_mismatch() {
    for codec in all() {
        refused::<u64>(&Payload::from_stored(codec, Bytes::new()));
        refused::<String>(&Payload::from_stored(codec, Bytes::from_static(b"\"\xff\xfe")));
    }
}
