//! A key that does not exist is named, with those that do.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefx = "account")]
enum AccountEvent {
    #[event(nmae = "account.opened")]
    Opened,
    Closed {
        #[event(name = "account.reason")]
        reason: String,
    },
}

#[derive(Event, Serialize, Deserialize)]
#[event(rename::all = "x", name = "card.issued")]
struct CardIssued;

fn main() {}
