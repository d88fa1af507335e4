//! Events own their data.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent<'a> {
    Opened { owner: &'a str },
}

fn main() {}
