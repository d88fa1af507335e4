//! A union takes all names from its members.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
}

#[derive(Event)]
#[event(union, prefix = "bank")]
enum BankEvent {
    #[event(name = "account")]
    Account(AccountEvent),
    Again(AccountEvent),
}

fn main() {}
