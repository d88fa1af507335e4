//! The derive puts the dot behind the prefix.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account.")]
enum AccountEvent {
    Opened,
}

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "")]
enum CardEvent {
    Issued,
}

fn main() {}
