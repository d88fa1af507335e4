//! The chain of older shapes has no gap, up to the newest version.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Old {}

impl From<Old> for AccountEvent {
    fn from(_: Old) -> Self {
        Self::Opened
    }
}

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    #[event(version = 4, upcast(1 = Old, 3 = Old))]
    Opened,
    #[event(version = 3, upcast(1 = Old))]
    Closed,
    #[event(upcast(1 = Old))]
    Frozen,
    #[event(version = 3, upcast(1 = Old, 2 = Old, 2 = Old))]
    Moved,
}

fn main() {}
