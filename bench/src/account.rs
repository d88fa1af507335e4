//! The aggregate of the benchmarks.

use annals::{Aggregate, Decide, Event};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Deposited(Transfer),
    Withdrawn(Transfer),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) cents: u64,
    pub(crate) currency: String,
    pub(crate) reference: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) cents: u64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = u64;
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Deposited(transfer) => {
                self.cents = self.cents.wrapping_add(transfer.cents);
            }
            AccountEvent::Withdrawn(transfer) => {
                self.cents = self.cents.wrapping_sub(transfer.cents);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

impl Decide<Deposit> for Account {
    type Error = std::convert::Infallible;

    fn decide(&self, command: &Deposit) -> Result<Vec<AccountEvent>, Self::Error> {
        Ok(vec![deposited(command.cents)])
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
}

/// More was asked for than is there.
#[derive(Debug)]
pub(crate) struct Overdrawn;

impl std::fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the account does not hold so much")
    }
}

impl std::error::Error for Overdrawn {}

impl Decide<Withdraw> for Account {
    type Error = Overdrawn;

    fn decide(&self, command: &Withdraw) -> Result<Vec<AccountEvent>, Overdrawn> {
        if self.cents < command.cents {
            return Err(Overdrawn);
        }
        Ok(vec![AccountEvent::Withdrawn(transfer(command.cents))])
    }
}

pub(crate) fn deposited(cents: u64) -> AccountEvent {
    AccountEvent::Deposited(transfer(cents))
}

fn transfer(cents: u64) -> Transfer {
    Transfer {
        cents,
        currency: "EUR".to_owned(),
        reference: "a transfer of moderate size".to_owned(),
    }
}
