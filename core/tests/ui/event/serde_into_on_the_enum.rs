//! `#[serde(into)]` would hide the variants, and with them the stored names.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
#[serde(into = "Other")]
enum AccountEvent {
    Opened,
}

#[derive(Serialize)]
struct Other;

impl From<AccountEvent> for Other {
    fn from(_: AccountEvent) -> Self {
        Self
    }
}

fn main() {}
