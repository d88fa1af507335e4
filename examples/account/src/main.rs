//! A bank account: the smallest whole application.

use annals::{Aggregate, Decide, Event, ExecuteError, Repository};
use annals_memory::MemoryStore;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")] // stored as account.opened, account.deposited, ...
enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

#[derive(Debug, Default, Clone)]
struct Account {
    open: bool,
    cents: u64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = str; // anything that displays: a newtype, a UUID
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { .. } => self.open = true,
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Withdrawn { cents } => self.cents -= cents,
        }
    }
}

struct Withdraw {
    cents: u64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0} cents are missing")]
struct Overdrawn(u64);

impl Decide<Withdraw> for Account {
    type Error = Overdrawn;

    fn decide(&self, command: &Withdraw) -> Result<Vec<AccountEvent>, Overdrawn> {
        match command.cents.saturating_sub(self.cents) {
            0 => Ok(vec![AccountEvent::Withdrawn { cents: command.cents }]),
            missing => Err(Overdrawn(missing)),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = Repository::<Account>::new(MemoryStore::new());

    // A command needs no type of its own where a closure says it better.
    let opened = AccountEvent::Opened { owner: "ada".into() };
    let first = [opened, AccountEvent::Deposited { cents: 100 }];
    accounts.update("4711", |account| if account.open { vec![] } else { first.to_vec() }).await?;

    let done = accounts.execute("4711", Withdraw { cents: 30 }).await?;
    assert_eq!(done.state.cents, 70); // and done.version, done.events, done.token

    let refused = accounts.execute("4711", Withdraw { cents: 80 }).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(Overdrawn(10)))));
    Ok(())
}

#[test]
fn nobody_withdraws_what_is_not_there() {
    use annals::testing::Given;
    let deposited = AccountEvent::Deposited { cents: 100 };
    let withdrawn = AccountEvent::Withdrawn { cents: 50 };
    Account::given(deposited).when(Withdraw { cents: 50 }).then(withdrawn);
    Account::given([]).when(Withdraw { cents: 50 }).then_refused(Overdrawn(50));
}
