//! Every attribute of a variant, and every kind of variant.

use annals::Event;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Event, Serialize, Deserialize)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Opened {
        owner: String,
        #[serde(default)]
        currency: Option<String>,
    },
    #[event(version = 3, upcast(1 = DepositedV1, 2 = DepositedV2))]
    MoneyDeposited { cents: u64, source: String },
    #[event(name = "account.paid_out", alias = "account.withdrawn", alias = "withdrawal")]
    Withdrawn(Withdrawal),
    #[event(version = 7)]
    Moved(u32, String),
    #[event(retired)]
    Frozen,
    #[event(retired, alias = "account.thawed", version = 3)]
    #[event(upcast(2 = Thawing))]
    Unfrozen {},
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Withdrawal {
    pub(crate) cents: u64,
}

#[derive(Deserialize)]
struct DepositedV1 {
    euros: u64,
}

#[derive(Deserialize)]
struct DepositedV2 {
    cents: u64,
}

#[derive(Deserialize)]
struct Thawing(#[allow(dead_code, reason = "only its shape matters")] u8);

impl From<DepositedV1> for DepositedV2 {
    fn from(old: DepositedV1) -> Self {
        Self { cents: old.euros * 100 }
    }
}

impl From<DepositedV2> for AccountEvent {
    fn from(old: DepositedV2) -> Self {
        deposited(old.cents, "unknown")
    }
}

impl From<Thawing> for AccountEvent {
    fn from(_: Thawing) -> Self {
        Self::Unfrozen {}
    }
}

pub(crate) fn deposited(cents: u64, source: &str) -> AccountEvent {
    AccountEvent::MoneyDeposited { cents, source: source.to_owned() }
}
