//! A key on the wrong item is an error there.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account", version = 2)]
enum AccountEvent {
    #[event(prefix = "other")]
    Opened,
}

#[derive(Event, Serialize, Deserialize)]
#[event(union)]
struct CardIssued;

fn main() {}
