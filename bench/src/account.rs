//! The aggregate of the benchmarks.

use std::convert::Infallible;

use annals::{Aggregate, Decide, Event};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Deposited { cents: u64, currency: String, reference: String },
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
            AccountEvent::Deposited { cents, .. } => self.cents = self.cents.wrapping_add(*cents),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

impl Decide<Deposit> for Account {
    type Error = Infallible;

    fn decide(&self, command: &Deposit) -> Result<Vec<AccountEvent>, Infallible> {
        Ok(vec![deposited(command.cents)])
    }
}

pub(crate) fn deposited(cents: u64) -> AccountEvent {
    AccountEvent::Deposited {
        cents,
        currency: "EUR".to_owned(),
        reference: "a transfer of moderate size".to_owned(),
    }
}
