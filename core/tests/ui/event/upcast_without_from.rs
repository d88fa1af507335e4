//! Each older shape becomes the next by `From`.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct OpenedV1 {}

#[derive(Event, Serialize, Deserialize)]
#[event(prefix = "account")]
enum AccountEvent {
    #[event(version = 2, upcast(1 = OpenedV1))]
    Opened,
}

fn main() {}
