//! The aggregate: what an account may do. All of it is pure.

mod event;
mod id;
#[cfg(test)]
mod tests;

use annals::{Aggregate, Decide};

pub(crate) use event::AccountEvent;
pub(crate) use id::AccountId;

use crate::money::Money;

/// The most that is booked at once, so that no sum of many ever overflows.
pub(crate) const MOST: i64 = 1_000_000_000_000;

/// What is known about an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) open: bool,
    pub(crate) cents: i64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = AccountId;
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        self.open = true;
        self.cents += event.change();
    }
}

#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) owner: String,
}

#[derive(Debug)]
pub(crate) struct Deposit {
    pub(crate) cents: i64,
}

/// The sender's half of a transfer.
#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) to: AccountId,
    pub(crate) cents: i64,
}

/// What an account does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the account is open already")]
    AlreadyOpen,
    #[error("there is no such account")]
    NotOpen,
    #[error("from 0.01 to {} can be booked at once", Money(MOST))]
    Amount,
    #[error("{} are missing", Money(*missing))]
    Overdrawn { missing: i64 },
}

impl Decide<Open> for Account {
    type Error = Refusal;

    fn decide(&self, command: &Open) -> Result<Vec<AccountEvent>, Refusal> {
        if self.open {
            return Err(Refusal::AlreadyOpen);
        }
        Ok(vec![AccountEvent::Opened { owner: command.owner.clone() }])
    }
}

impl Decide<Deposit> for Account {
    type Error = Refusal;

    fn decide(&self, command: &Deposit) -> Result<Vec<AccountEvent>, Refusal> {
        let cents = self.bookable(command.cents)?;
        Ok(vec![AccountEvent::Deposited { cents }])
    }
}

impl Decide<Send> for Account {
    type Error = Refusal;

    fn decide(&self, command: &Send) -> Result<Vec<AccountEvent>, Refusal> {
        let cents = self.bookable(command.cents)?;
        if cents > self.cents {
            return Err(Refusal::Overdrawn { missing: cents - self.cents });
        }
        Ok(vec![AccountEvent::Sent { to: command.to, cents }])
    }
}

impl Account {
    /// An amount that an open account takes.
    fn bookable(&self, cents: i64) -> Result<i64, Refusal> {
        if !self.open {
            return Err(Refusal::NotOpen);
        }
        if (1..=MOST).contains(&cents) { Ok(cents) } else { Err(Refusal::Amount) }
    }
}
