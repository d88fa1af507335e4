//! Events and snapshots as earlier code has stored them: they must be read for
//! ever, whatever changes here.
//!
//! The fixtures are never written anew. A test that fails here says that the
//! logs and the snapshots of applications would not be read either.
#![allow(clippy::unwrap_used, reason = "in tests an unwrap is an assertion")]

#[path = "golden/account.rs"]
mod account;
#[path = "golden/snapshots.rs"]
mod snapshots;

use std::path::PathBuf;

use account::{Account, AccountEvent};
use annals::store::{Append, NewEvent};
use annals::{Event, EventStore, ExpectedVersion, Payload, Repository};
use annals_memory::MemoryStore;
use futures::TryStreamExt;

fn fixture(path: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read_to_string(folder.join(path)).unwrap()
}

fn opened(tags: &[&str]) -> AccountEvent {
    AccountEvent::Opened {
        owner: "Ada Lovelace".to_owned(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
    }
}

fn paid_in(cents: u64, source: &str) -> AccountEvent {
    AccountEvent::PaidIn { cents, source: source.to_owned() }
}

/// Every stored shape there has ever been, and what it means today.
fn stored() -> Vec<(&'static str, u16, AccountEvent)> {
    let number = "+44 20 7946 0000".to_owned();
    vec![
        ("account.opened", 1, opened(&[])),
        ("account.opened", 2, opened(&["private", "élan"])),
        ("account.deposited", 1, paid_in(1200, "unknown")),
        ("account.deposited", 2, paid_in(1250, "unknown")),
        ("account.deposited", 3, paid_in(1275, "branch")),
        ("account.credited", 2, paid_in(3, "unknown")),
        ("account.fax_number_changed", 1, AccountEvent::FaxNumberChanged { number }),
        ("account.closed", 1, AccountEvent::Closed),
    ]
}

#[tokio::test]
async fn every_stored_shape_of_an_event_is_read_as_what_it_means_today() {
    let store = MemoryStore::new();
    for (name, schema_version, _) in stored() {
        let text = fixture(&format!("events/{name}.v{schema_version}.json"));
        let mut event = NewEvent::new(name, Payload::json(text).unwrap());
        event.schema_version = schema_version;
        let stream = "account-1".parse().unwrap();
        let append = Append::to(stream, ExpectedVersion::Any, vec![event]);
        store.append(append).await.unwrap();
    }
    let accounts = Repository::<Account>::new(store);
    let history: Vec<_> = accounts.history("1").try_collect().await.unwrap();
    for (read, (name, schema_version, event)) in history.iter().zip(stored()) {
        assert_eq!(read.event, event, "{name} v{schema_version}");
        assert_eq!((&*read.name, read.schema_version), (name, schema_version));
    }
    assert_eq!(history.len(), stored().len());
    let cents = accounts.load("1").await.unwrap().state.cents;
    assert_eq!(cents, 1200 + 1250 + 1275 + 3);
}

#[test]
fn the_newest_shape_of_an_event_is_written_as_it_was() {
    for (name, version, event) in stored() {
        let newest = event.schema_version() == version && event.name() == name;
        if newest && !event.is_retired() {
            let new = NewEvent::encode(annals::Codec::Json, &event).unwrap();
            let text = fixture(&format!("events/{name}.v{version}.json"));
            assert_eq!(new.payload.as_json_text(), Some(text.as_str()));
        }
    }
}

#[test]
fn every_schema_that_can_be_read_has_a_fixture() {
    for schema in AccountEvent::SCHEMAS {
        for version in schema.oldest..=schema.newest {
            if schema.name == "account.credited" && version != 2 {
                continue; // The alias lived while version 2 was written.
            }
            let known = |(name, v, _): &(_, _, _)| (*name, *v) == (schema.name, version);
            assert!(stored().iter().any(known), "{} v{version}", schema.name);
        }
    }
}
