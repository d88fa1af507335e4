//! An account with a past: every way in which events may change.

use std::collections::BTreeMap;

use annals::{Aggregate, Event};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    #[event(version = 2, upcast(1 = OpenedV1))]
    Opened {
        owner: String,
        tags: Vec<String>,
    },
    #[event(
        name = "account.deposited",
        alias = "account.credited",
        version = 3,
        upcast(1 = DepositedV1, 2 = DepositedV2)
    )]
    PaidIn {
        cents: u64,
        source: String,
    },
    #[event(retired)]
    FaxNumberChanged {
        number: String,
    },
    Closed,
}

#[derive(Deserialize)]
struct OpenedV1 {
    owner: String,
}

impl From<OpenedV1> for AccountEvent {
    fn from(OpenedV1 { owner }: OpenedV1) -> Self {
        let tags = Vec::new();
        Self::Opened { owner, tags }
    }
}

#[derive(Deserialize)]
struct DepositedV1 {
    euros: u64,
}

#[derive(Deserialize)]
struct DepositedV2 {
    cents: u64,
}

impl From<DepositedV1> for DepositedV2 {
    fn from(old: DepositedV1) -> Self {
        Self { cents: old.euros * 100 }
    }
}

impl From<DepositedV2> for AccountEvent {
    fn from(DepositedV2 { cents }: DepositedV2) -> Self {
        let source = "unknown".to_owned();
        Self::PaidIn { cents, source }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Standing {
    #[default]
    New,
    Open {
        since: u32,
    },
    Closed(bool),
}

/// A state of every kind that bincode writes in a way of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) owner: Option<String>,
    pub(crate) cents: u64,
    pub(crate) change: i64,
    pub(crate) rate: f64,
    pub(crate) standing: Standing,
    pub(crate) tags: Vec<String>,
    pub(crate) by_source: BTreeMap<String, (u64, char)>,
}

impl Aggregate for Account {
    const CATEGORY: &'static str = "account";
    const REVISION: u32 = 3;
    type Id = str;
    type Event = AccountEvent;

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { owner, tags } => {
                self.owner = Some(owner.clone());
                self.tags.clone_from(tags);
                self.rate = 0.125;
                self.standing = Standing::Open { since: 1843 };
            }
            AccountEvent::PaidIn { cents, source } => {
                self.cents += cents;
                self.change = -1;
                self.by_source.insert(source.clone(), (*cents, '€'));
            }
            AccountEvent::FaxNumberChanged { .. } => {}
            AccountEvent::Closed => self.standing = Standing::Closed(true),
        }
    }
}
