use annals::{Aggregate, Decide, Event, Repository};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
enum AccountEvent {
    Opened,
}

struct AccountId(u64);

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Default)]
struct Account;

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = AccountId;
    type Event = AccountEvent;

    fn evolve(&mut self, _: &AccountEvent) {}
}

struct Open;

impl Decide<Open> for Account {
    type Error = std::convert::Infallible;

    fn decide(&self, _: &Open) -> Result<Vec<AccountEvent>, Self::Error> {
        Ok(vec![AccountEvent::Opened])
    }
}

fn main() {
    let _ = Repository::<Account>::new(MemoryStore::new()).cache(10);
}
