//! Stored names are short visible ASCII.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    #[event(name = "")]
    Empty,
    #[event(name = "account opened")]
    Space,
    #[event(name = "a", alias = "account.*")]
    Star,
    #[event(name = "opened,closed")]
    Comma,
    #[event(name = "\"quoted\"")]
    Quotes,
    #[event(name = "eröffnet")]
    NotAscii,
    Größe,
    #[event(
        name = "a.long_long_long_long_234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
    )]
    TooLong,
}

fn main() {}
