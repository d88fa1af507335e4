//! A stored name has one meaning, as a name and as an alias.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
    #[event(name = "account.opened")]
    Started,
    #[event(alias = "account.opened")]
    Begun,
    #[event(alias = "account.ended")]
    Ended,
}

fn main() {}
