//! What cannot be read is an error where it stands.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = account)]
enum AccountEvent {
    #[event]
    Opened,
    #[event(retired = true)]
    Closed,
    #[event(name = "a", name = "b")]
    Frozen,
    #[event(upcast())]
    Moved,
}

fn main() {}
