//! `#[serde(from)]` would hide the variants, and with them the stored names.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
#[serde(from = "Other")]
enum AccountEvent {
    Opened,
}

#[derive(Deserialize)]
struct Other;

impl From<Other> for AccountEvent {
    fn from(_: Other) -> Self {
        Self::Opened
    }
}

fn main() {}
