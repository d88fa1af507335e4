//! Every event comes back, from a format that describes itself and from one
//! that does not.

use std::marker::PhantomData;

use annals::Event;
use bincode::config::standard;
use proptest::prelude::*;
use serde::de::DeserializeSeed;

use crate::account::{AccountEvent, Withdrawal, deposited};
use crate::unions::{BankEvent, CardEvent, Closed};

fn account() -> impl Strategy<Value = AccountEvent> {
    prop_oneof![
        (".*", any::<Option<String>>())
            .prop_map(|(owner, currency)| AccountEvent::Opened { owner, currency }),
        (any::<u64>(), ".*").prop_map(|(cents, source)| deposited(cents, &source)),
        any::<u64>().prop_map(|cents| AccountEvent::Withdrawn(Withdrawal { cents })),
        (any::<u32>(), ".*").prop_map(|(to, why)| AccountEvent::Moved(to, why)),
        Just(AccountEvent::Frozen),
        Just(AccountEvent::Unfrozen {}),
    ]
}

fn event() -> impl Strategy<Value = BankEvent> {
    prop_oneof![
        account().prop_map(BankEvent::Account),
        ".*".prop_map(|card_number| BankEvent::Card(CardEvent::CardIssued { card_number })),
        any::<Option<u8>>().prop_map(|lost| BankEvent::Card(CardEvent::Lost(lost))),
        Just(BankEvent::Card(CardEvent::Final())),
        Just(BankEvent::Closed(Closed)),
    ]
}

struct Payload<'a, E>(&'a E);

impl<E: Event> serde::Serialize for Payload<'_, E> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_payload(to)
    }
}

struct Stored<E> {
    name: &'static str,
    version: u16,
    event: PhantomData<E>,
}

impl<'de, E: Event> DeserializeSeed<'de> for Stored<E> {
    type Value = E;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<E, D::Error> {
        E::deserialize_payload(self.name, self.version, from)
    }
}

fn stored<E: Event>(event: &E) -> Stored<E> {
    Stored { name: event.name(), version: event.schema_version(), event: PhantomData }
}

proptest! {
    #[test]
    fn every_event_comes_back_from_json(event in event()) {
        let bytes = serde_json::to_vec(&Payload(&event)).unwrap();
        let mut from = serde_json::Deserializer::from_slice(&bytes);
        let back = stored(&event).deserialize(&mut from).unwrap();
        from.end().unwrap();
        prop_assert_eq!(back, event);
    }

    #[test]
    fn every_event_comes_back_from_a_format_that_does_not_describe_itself(event in event()) {
        let bytes = bincode::serde::encode_to_vec(Payload(&event), standard()).unwrap();
        let (back, length) =
            bincode::serde::seed_decode_from_slice(stored(&event), &bytes, standard()).unwrap();
        prop_assert_eq!(back, event);
        prop_assert_eq!(length, bytes.len());
    }
}
