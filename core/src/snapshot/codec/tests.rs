//! Which states come back from their snapshots.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{SnapshotCodec, SnapshotCodecError};

const BOTH: [SnapshotCodec; 2] = [SnapshotCodec::Bincode, SnapshotCodec::Json];

fn reads_back<T: Serialize + DeserializeOwned>(codec: SnapshotCodec, state: &T) -> bool {
    codec.encode_readable(state).is_some()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    owner: String,
    cents: u64,
    limits: Vec<Option<i32>>,
}

fn account() -> Account {
    Account { owner: "ada".to_owned(), cents: 7, limits: vec![None, Some(-3)] }
}

#[test]
fn a_plain_state_comes_back() {
    for codec in BOTH {
        let bytes = codec.encode(&account()).unwrap();
        assert_eq!(codec.decode::<Account>(&bytes).unwrap(), account());
        assert!(reads_back(codec, &account()));
        assert_eq!(SnapshotCodec::from_id(codec.id()), Some(codec));
    }
    assert_eq!(SnapshotCodec::from_id("xml"), None);
}

#[test]
fn the_stored_form_stays_what_it_is() {
    let bytes = SnapshotCodec::Bincode.encode(&account()).unwrap();
    assert_eq!(bytes, [3, b'a', b'd', b'a', 7, 2, 0, 1, 5]);
}

#[test]
fn bytes_after_the_state_are_refused() {
    for codec in BOTH {
        let mut bytes = codec.encode(&account()).unwrap();
        bytes.push(b'0');
        assert!(codec.decode::<Account>(&bytes).is_err());
        bytes.truncate(4);
        assert!(codec.decode::<Account>(&bytes).is_err());
    }
}

#[test]
fn a_damaged_length_allocates_nothing() {
    // A string of 2^63 bytes.
    let bytes = [253, 0, 0, 0, 0, 0, 0, 0, 128];
    let read = SnapshotCodec::Bincode.decode::<String>(&bytes);
    assert_eq!(read, Err(SnapshotCodecError::Unreadable));
}

#[test]
fn states_without_an_order_come_back() {
    let numbers: HashSet<u32> = (0..100).collect();
    let sets: HashMap<String, HashSet<u32>> =
        (0..20).map(|key| (key.to_string(), numbers.clone())).collect();
    let listed: Vec<HashMap<u32, f64>> = vec![(0..50).map(|key| (key, 0.5)).collect(); 3];
    // JSON has no such keys, so it cannot be what they are compared by.
    let by_pair: HashMap<(u32, Option<u8>), u128> =
        (0..50).map(|key| ((key, None), u128::MAX)).collect();
    assert!(reads_back(SnapshotCodec::Bincode, &by_pair));
    for codec in BOTH {
        assert!(reads_back(codec, &numbers));
        assert!(reads_back(codec, &sets));
        assert!(reads_back(codec, &listed));
    }
}

#[test]
fn what_bincode_cannot_read_is_found_out() {
    #[derive(Serialize, Deserialize)]
    struct Skips {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        cents: u64,
    }
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u64),
    }
    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Open { cents: u64 },
    }
    #[derive(Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        inner: Account,
    }
    let json = serde_json::json!({ "a": [1, null] });
    assert!(!reads_back(SnapshotCodec::Bincode, &Skips { note: None, cents: 1 }));
    assert!(!reads_back(SnapshotCodec::Bincode, &Untagged::Number(7)));
    assert!(!reads_back(SnapshotCodec::Bincode, &Tagged::Open { cents: 7 }));
    assert!(!reads_back(SnapshotCodec::Bincode, &Flat { inner: account() }));
    assert!(!reads_back(SnapshotCodec::Bincode, &json));

    assert!(reads_back(SnapshotCodec::Json, &Skips { note: None, cents: 1 }));
    assert!(reads_back(SnapshotCodec::Json, &Untagged::Number(7)));
    assert!(reads_back(SnapshotCodec::Json, &Tagged::Open { cents: 7 }));
    assert!(reads_back(SnapshotCodec::Json, &Flat { inner: account() }));
    assert!(reads_back(SnapshotCodec::Json, &json));
}

#[test]
fn what_json_cannot_express_is_found_out() {
    let unlimited = vec![f64::INFINITY];
    assert!(reads_back(SnapshotCodec::Bincode, &unlimited));
    assert!(!reads_back(SnapshotCodec::Json, &unlimited));
    let by_pair = BTreeMap::from([((1, 2), 3)]);
    assert!(reads_back(SnapshotCodec::Bincode, &by_pair));
    assert!(!reads_back(SnapshotCodec::Json, &by_pair));
}

#[test]
fn a_field_that_is_left_out_is_found_out() {
    #[derive(Serialize, Deserialize)]
    struct Forgets {
        kept: u8,
        #[serde(skip_deserializing)]
        lost: u8,
    }
    for codec in BOTH {
        assert!(!reads_back(codec, &Forgets { kept: 1, lost: 2 }));
    }
}

#[test]
fn equal_bytes_do_not_make_equal_states() {
    fn is_zero(number: &u64) -> bool {
        *number == 0
    }
    #[derive(Serialize, Deserialize)]
    struct Skips {
        #[serde(default, skip_serializing_if = "is_zero")]
        held: u64,
        entries: Vec<u64>,
    }
    // One entry of zero, and one held with no entries: both are `1 0`.
    let skips = Skips { held: 0, entries: vec![0] };
    assert!(!reads_back(SnapshotCodec::Bincode, &skips));
    assert!(reads_back(SnapshotCodec::Json, &skips));
    // Nothing is lost here, but bincode is not asked to prove it.
    assert!(!reads_back(SnapshotCodec::Bincode, &Skips { held: 0, entries: vec![] }));
    assert!(reads_back(SnapshotCodec::Bincode, &Skips { held: 1, entries: vec![] }));

    let inner_none: Option<Option<u64>> = Some(None);
    assert!(reads_back(SnapshotCodec::Bincode, &inner_none));
    assert!(!reads_back(SnapshotCodec::Json, &inner_none));
}

#[test]
fn kinds_of_one_text_are_told_apart() {
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Small(u8),
        Large(u64),
    }
    assert!(reads_back(SnapshotCodec::Json, &Either::Small(7)));
    assert!(!reads_back(SnapshotCodec::Json, &Either::Large(7)));
    assert!(reads_back(SnapshotCodec::Json, &Either::Large(1_000)));
}

#[test]
fn an_opaque_state_is_read_only_if_it_would_be_written_so() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Counts {
        #[serde(default)]
        total: u64,
        seen: HashSet<u32>,
    }
    let read = |json: &str| SnapshotCodec::Json.decode_opaque::<Counts>(json.as_bytes());
    let seen: HashSet<u32> = (0..30).collect();
    let state = Counts { total: 7, seen: seen.clone() };
    let reversed: Vec<u32> = (0..30).rev().collect();
    for json in
        [serde_json::to_string(&state).unwrap(), format!(r#"{{"seen":{reversed:?},"total":7}}"#)]
    {
        assert_eq!(read(&json).unwrap(), state);
    }
    for json in [
        r#"{"count":7,"seen":[]}"#,
        r#"{"total":7,"seen":[],"more":null}"#,
        r#"{"seen":[]}"#,
        r#"{"total":7,"seen":[1,1]}"#,
    ] {
        assert_eq!(read(json), Err(SnapshotCodecError::ReadOtherwise), "{json}");
    }
}
