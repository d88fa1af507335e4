//! Two members which read one stored name cannot be joined.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
    Closed,
}

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "card")]
enum CardEvent {
    #[event(alias = "account.closed")]
    Closed,
}

#[derive(Event)]
#[event(union)]
enum BankEvent {
    Account(AccountEvent),
    Card(CardEvent),
}

fn main() {}
