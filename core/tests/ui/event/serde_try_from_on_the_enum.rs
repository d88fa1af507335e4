//! `#[serde(try_from)]` would hide the variants, and with them the stored names.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
#[serde(try_from = "Other")]
enum AccountEvent {
    Opened,
}

#[derive(Deserialize)]
struct Other;

impl TryFrom<Other> for AccountEvent {
    type Error = &'static str;

    fn try_from(_: Other) -> Result<Self, Self::Error> {
        Err("never")
    }
}

fn main() {}
