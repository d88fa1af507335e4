//! Unions, the structs in them, and serde's own names.

use annals::Event;
use serde::{Deserialize, Serialize};

use crate::account::{AccountEvent, deposited};
use crate::{read, round_trips, schema};

/// Serde's names, which must have no part in the stored ones.
#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "card")]
#[serde(rename_all = "SCREAMING-KEBAB-CASE", rename_all_fields = "camelCase")]
pub(crate) enum CardEvent {
    CardIssued {
        card_number: String,
    },
    #[serde(rename = "something else", alias = "another")]
    Blocked {
        #[serde(rename = "why")]
        reason: String,
        #[serde(flatten)]
        more: std::collections::BTreeMap<String, u32>,
    },
    Lost(Option<u8>),
    r#Final(),
}

#[test]
fn renaming_of_variants_by_serde_has_no_effect_and_of_fields_has() {
    let issued = CardEvent::CardIssued { card_number: "4711".to_owned() };
    round_trips(&issued, r#"{"cardNumber":"4711"}"#);
    assert_eq!(issued.name(), "card.card_issued");
    let more = [("x".to_owned(), 1)].into();
    let blocked = CardEvent::Blocked { reason: "lost".to_owned(), more };
    round_trips(&blocked, r#"{"why":"lost","x":1}"#);
    round_trips(&CardEvent::Lost(None), "null");
    round_trips(&CardEvent::Lost(Some(3)), "3");
    round_trips(&CardEvent::Final(), "[]");
    assert_eq!(CardEvent::Final().name(), "card.final");
}

#[derive(Debug, Clone, PartialEq, Event)]
#[event(union)]
pub(crate) enum BankEvent {
    Account(AccountEvent),
    Card(CardEvent),
    Closed(Closed),
}

/// A union is an event type as well, so unions nest.
#[derive(Debug, Clone, PartialEq, Event)]
#[event(union)]
enum AnyEvent {
    Bank(BankEvent),
    Audit(Audited),
}

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "bank")]
pub(crate) struct Closed;

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(name = "bank.audited", alias = "bank.checked", version = 2, upcast(1 = AuditedV1), retired)]
struct Audited {
    by: String,
}

#[derive(Deserialize)]
struct AuditedV1(String);

impl From<AuditedV1> for Audited {
    fn from(old: AuditedV1) -> Self {
        Self { by: old.0 }
    }
}

#[test]
fn the_schemas_of_a_union_are_those_of_its_members() {
    let members = [AccountEvent::SCHEMAS, CardEvent::SCHEMAS, Closed::SCHEMAS].concat();
    assert_eq!(BankEvent::SCHEMAS, members);
    assert_eq!(AnyEvent::SCHEMAS, [BankEvent::SCHEMAS, Audited::SCHEMAS].concat());
}

#[test]
fn a_union_leaves_everything_to_the_member() {
    round_trips(&BankEvent::from(deposited(5, "atm")), r#"{"cents":5,"source":"atm"}"#);
    round_trips(&BankEvent::Card(CardEvent::Lost(None)), "null");
    round_trips(&AnyEvent::from(BankEvent::from(Closed)), "{}");
    let old: AnyEvent = read("account.money_deposited", 1, r#"{"euros":2}"#).unwrap();
    assert_eq!(old, AnyEvent::Bank(BankEvent::Account(deposited(200, "unknown"))));
    assert_eq!(old.schema_version(), 3);
    assert!(BankEvent::Account(AccountEvent::Frozen).is_retired());
    assert!(!old.is_retired());
}

#[test]
fn a_union_refuses_names_and_versions_of_no_member() {
    for (name, version) in [("card.eaten", 1), ("card.lost", 2), ("", 1)] {
        let error = read::<AnyEvent>(name, version, "{}").unwrap_err();
        assert_eq!(error.to_string(), "unknown event type or version");
    }
}

#[test]
fn a_struct_is_one_event_type() {
    let audited = Audited { by: "eve".to_owned() };
    round_trips(&audited, r#"{"by":"eve"}"#);
    assert_eq!(audited.name(), "bank.audited");
    assert!(audited.is_retired());
    assert_eq!(Audited::SCHEMAS, [schema("bank.audited", 1, 2), schema("bank.checked", 1, 2)]);
    assert_eq!(read::<Audited>("bank.checked", 1, "\"eve\"").unwrap(), audited);
    assert!(read::<Audited>("bank.audited", 3, "{}").is_err());
}

#[test]
fn a_struct_without_fields_writes_an_empty_map() {
    assert_eq!(Closed.name(), "bank.closed");
    round_trips(&Closed, "{}");
    assert_eq!(read::<Closed>("bank.closed", 1, r#"{"at":5}"#).unwrap(), Closed);
}
