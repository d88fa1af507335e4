use annals::{Aggregate, Event, Repository};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Event)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
}

#[derive(Default)]
struct Account;

impl Aggregate for Account {
    const CATEGORY: &'static str = "bank-account";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, _: &AccountEvent) {}
}

fn main() {
    let _ = AccountEvent::Opened;
    let _ = Repository::<Account>::new(MemoryStore::new());
}
