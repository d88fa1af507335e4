//! `#[serde(untagged)]` would make a stored variant unreadable.

use annals::Event;

#[derive(Event, serde::Serialize, serde::Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
    #[serde(untagged)]
    Closed,
}

fn main() {}
