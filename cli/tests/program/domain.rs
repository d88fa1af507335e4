//! Accounts, and what is read of them.

use std::collections::HashSet;
use std::sync::Mutex;

use annals::{Event, Recorded};
use annals_projections::{Keys, View};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, Event)]
#[event(prefix = "account")]
pub(crate) enum AccountEvent {
    Deposited {
        cents: i64,
    },
    /// Nobody can handle it before its cure is found.
    Poisoned {
        cure: String,
    },
}

static CURES: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// The code was mended.
pub(crate) fn cured(cure: &str) {
    CURES.lock().unwrap().get_or_insert_default().insert(cure.to_owned());
}

fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
    Keys::one(event.stream.key().to_owned())
}

fn cents(event: &AccountEvent) -> i64 {
    match event {
        AccountEvent::Deposited { cents } => *cents,
        AccountEvent::Poisoned { cure } => {
            assert!(CURES.lock().unwrap().get_or_insert_default().contains(cure), "poison");
            0
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Balance {
    cents: i64,
}

/// The same, told in another way.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Same {
    balance: Balance,
}

/// With an error: it counts twice.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Twice {
    balance: Balance,
}

/// A view of accounts: its type, its version, and what it does with some cents.
macro_rules! balances {
    ($view:ty, $version:literal, |$self:ident, $cents:ident| $evolve:expr) => {
        impl View for $view {
            const NAME: &'static str = "balances";
            const VERSION: u32 = $version;
            type Key = String;
            type Event = AccountEvent;

            fn keys(event: &Recorded<AccountEvent>) -> Keys<String> {
                keys(event)
            }

            fn evolve(&mut $self, _: &String, event: &Recorded<AccountEvent>) {
                let $cents = cents(&event.event);
                $evolve;
            }
        }
    };
}

balances!(Balance, 1, |self, cents| self.cents += cents);
balances!(Same, 2, |self, cents| self.balance.cents += cents);
balances!(Twice, 3, |self, cents| self.balance.cents += 2 * cents);
