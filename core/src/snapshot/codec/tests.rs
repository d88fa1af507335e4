//! Which states come back from their snapshots.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{SnapshotCodec, SnapshotCodecError};

const BOTH: [SnapshotCodec; 2] = [SnapshotCodec::Bincode, SnapshotCodec::Json];

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
        assert!(codec.reads_back(&account()));
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
    assert!(SnapshotCodec::Bincode.reads_back(&by_pair));
    for codec in BOTH {
        assert!(codec.reads_back(&numbers));
        assert!(codec.reads_back(&sets));
        assert!(codec.reads_back(&listed));
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
    assert!(!SnapshotCodec::Bincode.reads_back(&Skips { note: None, cents: 1 }));
    assert!(!SnapshotCodec::Bincode.reads_back(&Untagged::Number(7)));
    assert!(!SnapshotCodec::Bincode.reads_back(&Tagged::Open { cents: 7 }));
    assert!(!SnapshotCodec::Bincode.reads_back(&Flat { inner: account() }));
    assert!(!SnapshotCodec::Bincode.reads_back(&json));

    assert!(SnapshotCodec::Json.reads_back(&Skips { note: None, cents: 1 }));
    assert!(SnapshotCodec::Json.reads_back(&Untagged::Number(7)));
    assert!(SnapshotCodec::Json.reads_back(&Tagged::Open { cents: 7 }));
    assert!(SnapshotCodec::Json.reads_back(&Flat { inner: account() }));
    assert!(SnapshotCodec::Json.reads_back(&json));
}

#[test]
fn what_json_cannot_express_is_found_out() {
    let unlimited = vec![f64::INFINITY];
    assert!(SnapshotCodec::Bincode.reads_back(&unlimited));
    assert!(!SnapshotCodec::Json.reads_back(&unlimited));
    let by_pair = BTreeMap::from([((1, 2), 3)]);
    assert!(SnapshotCodec::Bincode.reads_back(&by_pair));
    assert!(!SnapshotCodec::Json.reads_back(&by_pair));
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
        assert!(!codec.reads_back(&Forgets { kept: 1, lost: 2 }));
    }
}
