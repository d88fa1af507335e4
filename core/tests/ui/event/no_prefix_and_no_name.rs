//! A variant needs a stored name.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
enum AccountEvent {
    Opened,
    #[event(name = "account.closed")]
    Closed,
    Frozen,
}

fn main() {}
