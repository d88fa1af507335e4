//! Accounts with e-mail addresses, of which each belongs to one account, and money.

use annals::{Aggregate, Decide, Event, Recorded, StreamId};
use annals_projections::{Keys, LiveView, View};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub enum AccountEvent {
    Registered { email: String },
    Closed { email: String },
    Poisoned { email: String },
    Moved { cents: i64 },
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Account {
    pub email: Option<String>,
    pub cents: i64,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Registered { email } => self.email = Some(email.clone()),
            AccountEvent::Closed { .. } => self.email = None,
            AccountEvent::Poisoned { .. } => {}
            AccountEvent::Moved { cents } => self.cents += cents,
        }
    }
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("it has an address")]
    Registered,
    #[error("the address is taken")]
    Taken,
    #[error("not that much is there")]
    Overdrawn,
}

#[derive(Debug, Clone)]
pub struct Register(pub String);

impl Decide<Register> for Account {
    type Error = Refused;

    fn decide(&self, Register(email): &Register) -> Result<Vec<AccountEvent>, Refused> {
        match self.email {
            Some(_) => Err(Refused::Registered),
            None => Ok(vec![AccountEvent::Registered { email: email.clone() }]),
        }
    }
}

/// Who has an address; more than one is what must not be.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emails {
    pub owners: Vec<String>,
}

impl Emails {
    fn fold(&mut self, event: &Recorded<AccountEvent>) {
        let own = event.stream.key();
        match &event.event {
            AccountEvent::Registered { .. } => self.owners.push(own.to_owned()),
            AccountEvent::Closed { .. } => self.owners.retain(|owner| owner != own),
            AccountEvent::Poisoned { .. } => panic!("poison"),
            AccountEvent::Moved { .. } => {}
        }
    }
}

fn emails(event: &Recorded<AccountEvent>) -> Keys<String> {
    match &event.event {
        AccountEvent::Registered { email }
        | AccountEvent::Closed { email }
        | AccountEvent::Poisoned { email } => Keys::one(email.clone()),
        AccountEvent::Moved { .. } => Keys::none(),
    }
}

impl View for Emails {
    const NAME: &'static str = "emails";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        emails(event)
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        self.fold(event);
    }

    fn is_gone(&self) -> bool {
        self.owners.is_empty()
    }
}

/// The same, as newer code keeps it.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Emails2 {
    pub accounts: Emails,
    pub ever: u64,
}

impl View for Emails2 {
    const NAME: &'static str = "emails";
    const VERSION: u32 = 2;
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        emails(event)
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        self.ever += 1;
        self.accounts.fold(event);
    }
}

/// The rule: nobody has the address.
pub fn free(taken: Option<&Emails>) -> Result<(), Refused> {
    if taken.is_some() { Err(Refused::Taken) } else { Ok(()) }
}

/// A rule that refuses nothing, and still lets its writers meet.
pub fn never<V>(_: Option<&V>) -> Result<(), Refused> {
    Ok(())
}

pub fn free2(taken: Option<&Emails2>) -> Result<(), Refused> {
    free(taken.map(|taken| &taken.accounts).filter(|accounts| !accounts.owners.is_empty()))
}

/// What the accounts of a household have together: those whose ids begin with its name.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Household {
    pub cents: i64,
}

pub const MEMBERS: [&str; 8] = ["h.0", "h.1", "h.2", "h.3", "h.4", "h.5", "h.6", "h.7"];

impl View for Household {
    const NAME: &'static str = "households";
    type Key = String;
    type Event = AccountEvent;

    fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
        let household = event.stream.key().split_once('.').map(|(name, _)| name.to_owned());
        Keys::from(household.filter(|_| matches!(event.event, AccountEvent::Moved { .. })))
    }

    fn evolve(&mut self, _: &String, event: &Recorded<AccountEvent>) {
        if let AccountEvent::Moved { cents } = event.event {
            self.cents += cents;
        }
    }
}

impl LiveView for Household {
    fn streams(household: &String) -> Vec<StreamId> {
        assert_eq!(household, "h");
        MEMBERS.map(|id| StreamId::new("account", id).unwrap()).to_vec()
    }
}

/// A household may spend what it has together.
pub fn covers(cents: i64) -> impl FnMut(Option<&Household>) -> Result<(), Refused> + Send {
    move |household| {
        let there = household.map_or(0, |household| household.cents);
        if there < cents { Err(Refused::Overdrawn) } else { Ok(()) }
    }
}
