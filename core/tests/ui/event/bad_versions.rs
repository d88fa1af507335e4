//! Versions count from 1 to 65535.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    #[event(version = 0)]
    Opened,
    #[event(version = 65536)]
    Closed,
    #[event(version = "2")]
    Frozen,
}

fn main() {}
