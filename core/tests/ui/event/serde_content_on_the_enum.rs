//! `#[serde(content)]` would hide the variants, and with them the stored names.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
#[serde(tag = "type", content = "content")]
enum AccountEvent {
    Opened,
}

fn main() {}
