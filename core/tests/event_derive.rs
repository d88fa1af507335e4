//! What `#[derive(Event)]` promises, attribute by attribute.

#![allow(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

use annals::Event;
use annals::event::Schema;
use serde::{Deserialize, Serialize};

#[path = "event_derive/account.rs"]
mod account;
#[path = "event_derive/hostile.rs"]
mod hostile;
#[path = "event_derive/properties.rs"]
mod properties;
#[path = "event_derive/unions.rs"]
mod unions;

use account::{AccountEvent, Withdrawal, deposited};

fn payload<E: Event>(event: &E) -> String {
    let mut bytes = Vec::new();
    event.serialize_payload(&mut serde_json::Serializer::new(&mut bytes)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn read<E: Event>(name: &str, version: u16, json: &str) -> Result<E, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_str(json);
    let event = E::deserialize_payload(name, version, &mut from)?;
    from.end()?;
    Ok(event)
}

/// Whether an event comes back from what the log would keep of it.
#[track_caller]
fn round_trips<E: Event + PartialEq + std::fmt::Debug>(event: &E, json: &str) {
    assert_eq!(payload(event), json);
    let back: E = read(event.name(), event.schema_version(), json).unwrap();
    assert_eq!(&back, event);
    assert!(E::SCHEMAS.iter().any(|schema| schema.name == event.name()));
}

fn schema(name: &'static str, oldest: u16, newest: u16) -> Schema {
    Schema { name, oldest, newest }
}

#[test]
fn every_name_and_alias_has_one_schema_in_the_order_of_the_variants() {
    assert_eq!(
        AccountEvent::SCHEMAS,
        [
            schema("account.opened", 1, 1),
            schema("account.money_deposited", 1, 3),
            schema("account.paid_out", 1, 1),
            schema("account.withdrawn", 1, 1),
            schema("withdrawal", 1, 1),
            schema("account.moved", 7, 7),
            schema("account.frozen", 1, 1),
            schema("account.unfrozen", 2, 3),
            schema("account.thawed", 2, 3),
        ]
    );
}

#[test]
fn the_name_is_the_prefix_and_the_variant_in_snake_case() {
    assert_eq!(deposited(5, "atm").name(), "account.money_deposited");
    assert_eq!(AccountEvent::Frozen.name(), "account.frozen");
}

#[test]
fn a_name_of_its_own_stands_without_the_prefix() {
    assert_eq!(AccountEvent::Withdrawn(Withdrawal { cents: 5 }).name(), "account.paid_out");
}

#[test]
fn the_version_is_one_unless_it_is_said() {
    assert_eq!(AccountEvent::Frozen.schema_version(), 1);
    assert_eq!(deposited(5, "atm").schema_version(), 3);
    assert_eq!(AccountEvent::Moved(1, String::new()).schema_version(), 7);
}

#[test]
fn the_payload_is_the_content_without_a_tag() {
    let opened = AccountEvent::Opened { owner: "ada".to_owned(), currency: None };
    round_trips(&opened, r#"{"owner":"ada","currency":null}"#);
    round_trips(&deposited(5, "atm"), r#"{"cents":5,"source":"atm"}"#);
    round_trips(&AccountEvent::Withdrawn(Withdrawal { cents: 5 }), r#"{"cents":5}"#);
    round_trips(&AccountEvent::Moved(3, "b".to_owned()), r#"[3,"b"]"#);
    round_trips(&AccountEvent::Unfrozen {}, "{}");
}

#[test]
fn a_variant_without_fields_writes_an_empty_map_and_reads_anything() {
    round_trips(&AccountEvent::Frozen, "{}");
    for json in ["null", r#"{"reason":{"code":7}}"#, "[1,[2]]", "3", "\"x\""] {
        let event: AccountEvent = read("account.frozen", 1, json).unwrap();
        assert_eq!(event, AccountEvent::Frozen);
    }
    assert!(read::<AccountEvent>("account.frozen", 1, "{").is_err());
}

#[test]
fn an_alias_is_read_but_never_written() {
    for name in ["account.paid_out", "account.withdrawn", "withdrawal"] {
        let event: AccountEvent = read(name, 1, r#"{"cents":5}"#).unwrap();
        assert_eq!(event, AccountEvent::Withdrawn(Withdrawal { cents: 5 }));
        assert_eq!(event.name(), "account.paid_out");
    }
}

#[test]
fn an_old_payload_is_lifted_from_its_version_to_the_newest() {
    let name = "account.money_deposited";
    let v1: AccountEvent = read(name, 1, r#"{"euros":2}"#).unwrap();
    let v2: AccountEvent = read(name, 2, r#"{"cents":200}"#).unwrap();
    let v3: AccountEvent = read(name, 3, r#"{"cents":200,"source":"unknown"}"#).unwrap();
    assert_eq!(v1, deposited(200, "unknown"));
    assert_eq!(v2, v1);
    assert_eq!(v3, v1);
    assert_eq!(v1.schema_version(), 3);
}

#[test]
fn an_alias_has_the_older_versions_too() {
    for name in ["account.unfrozen", "account.thawed"] {
        assert_eq!(read::<AccountEvent>(name, 2, "9").unwrap(), AccountEvent::Unfrozen {});
        assert_eq!(read::<AccountEvent>(name, 3, "{}").unwrap(), AccountEvent::Unfrozen {});
    }
}

#[test]
fn a_name_or_version_that_is_not_covered_is_an_error() {
    for (name, version) in [
        ("account.closed", 1),
        ("Opened", 1),
        ("opened", 1),
        ("", 1),
        ("account.opened", 0),
        ("account.opened", 2),
        ("account.moved", 1),
        ("account.moved", 8),
        ("account.unfrozen", 1),
        ("account.money_deposited", 4),
    ] {
        let error = read::<AccountEvent>(name, version, "{}").unwrap_err();
        assert_eq!(error.to_string(), "unknown event type or version", "{name} {version}");
    }
}

#[test]
fn a_retired_variant_is_read_and_says_so() {
    let frozen: AccountEvent = read("account.frozen", 1, "{}").unwrap();
    assert!(frozen.is_retired());
    assert!(!deposited(5, "atm").is_retired());
}

#[test]
fn a_field_with_a_default_may_be_missing() {
    let event: AccountEvent = read("account.opened", 1, r#"{"owner":"ada"}"#).unwrap();
    assert_eq!(event, AccountEvent::Opened { owner: "ada".to_owned(), currency: None });
    assert!(read::<AccountEvent>("account.opened", 1, "{}").is_err());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fixed<const N: usize>;

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "list")]
enum ListEvent<T: Clone, const N: usize = 1>
where
    T: Ord,
{
    Added { item: T, weights: Option<[T; 1]> },
    Sized(Fixed<N>),
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "list")]
struct Cleared<T>(Vec<T>);

#[test]
fn type_parameters_are_those_of_the_payload() {
    let added = ListEvent::<u8>::Added { item: 3, weights: None };
    round_trips(&added, r#"{"item":3,"weights":null}"#);
    round_trips(&Cleared(vec!["x".to_owned()]), r#"["x"]"#);
    assert_eq!(ListEvent::<u8>::SCHEMAS.len(), 2);
}

#[derive(Debug, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "never")]
enum NoEvent {}

#[test]
fn an_enum_without_variants_has_no_names() {
    assert_eq!(NoEvent::SCHEMAS, []);
    assert!(read::<NoEvent>("never", 1, "{}").is_err());
}
