//! A struct needs a stored name, and only one.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
struct Opened;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "account.closed", prefix = "account")]
struct Closed;

fn main() {}
