//! `#[serde(remote)]` would hide the variants, and with them the stored names.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
#[serde(remote = "Other")]
enum AccountEvent {
    Opened,
}

enum Other {
    Opened,
}

fn main() {}
