//! Views that count how often each event is folded, and some that differ.

use std::collections::HashMap;
use std::sync::Mutex;

use annals::{EventId, Recorded};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

use super::domain::{AccountEvent, Balance, OtherEvent};

static FOLDED: Mutex<Option<HashMap<EventId, u32>>> = Mutex::new(None);

fn note(event: EventId) {
    *FOLDED.lock().unwrap().get_or_insert_default().entry(event).or_default() += 1;
}

/// How often an event was folded by all that count.
pub fn folded(event: EventId) -> u32 {
    FOLDED.lock().unwrap().get_or_insert_default().get(&event).copied().unwrap_or(0)
}

/// Balances, counted.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted(pub Balance);

impl View for Counted {
    const NAME: &'static str = "counted";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        note(event.id);
        Balance::keys(event)
    }

    fn evolve(&mut self, account: &String, event: &Recorded<AccountEvent>) {
        self.0.evolve(account, event);
    }

    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}

/// Another shape under the same name and version.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reshaped {
    events: u64,
}

impl View for Reshaped {
    const NAME: &'static str = Counted::NAME;
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Balance::keys(event)
    }

    fn evolve(&mut self, _: &String, _: &Recorded<AccountEvent>) {
        self.events += 1;
    }
}

/// The same shape, of other events.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfOthers {
    events: u64,
}

impl View for OfOthers {
    const NAME: &'static str = Counted::NAME;
    type Key = String;
    type Event = OtherEvent;

    fn keys(event: &Recorded<OtherEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, _: &Recorded<OtherEvent>) {
        self.events += 1;
    }
}

/// What no codec reads back.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unkept {
    #[serde(serialize_with = "never")]
    sum: i64,
}

fn never<S: serde::Serializer>(_: &i64, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("never"))
}

impl View for Unkept {
    const NAME: &'static str = "unkept";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        Keys::one(event.stream.key().to_owned())
    }

    fn evolve(&mut self, _: &String, _: &Recorded<AccountEvent>) {
        self.sum += 1;
    }
}
