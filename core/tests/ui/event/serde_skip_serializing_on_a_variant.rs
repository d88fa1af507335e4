//! `#[serde(skip_serializing)]` would make a stored variant unreadable.

use annals::Event;

#[derive(Event, serde::Serialize, serde::Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
    #[serde(skip_serializing)]
    Closed,
}

fn main() {}
